rule rater:
    input:
        photos=lambda w: f"{DATA}/sources/{settings.raters[w.name].photos}",
        weights=rater_weights,
        code=lambda w: code(
            "judging/raters/base.py",
            "judging/raters/registry.py",
            "judging/raters/settings.py",
            "judging/raters/run.py",
            "results",
            f"judging/raters/{settings.raters[w.name].kind}",
            "networks",
            "core/device.py",
            "core/processes.py",
            "judging/metrics",
            "data/patches",
            "photos",
        ),
    output:
        rater=f"{RESULTS}/raters/{{name}}/rater.safetensors",
        card=f"{RESULTS}/raters/{{name}}/rater.json",
        losses=f"{RESULTS}/raters/{{name}}/losses.jsonl",
    log:
        f"{RESULTS}/logs/rater/{{name}}.log",
    threads: workflow.cores
    resources:
        **one_gpu(settings.run),
    params:
        file=PARAMS,
        settings=lambda w: subtrees(
            settings, f"raters.{w.name}", "run.seed", "run.compute"
        ),
        out=lambda w, output: Path(output.card).parent,
    message:
        "Rater {wildcards.name}; {log} shows how far it is"
    shell:
        "wespe rater {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --out {params.out} 2>&1 | tee {log}"


rule rate:
    input:
        photos=lambda w: f"{DATA}/sources/{settings.ratings[w.name].photos}",
        rater=rated("raters", "rater.safetensors"),
        rater_card=rated("raters", "rater.json"),
        network=rated("pairs", "generator.safetensors"),
        card=rated("pairs", "generator.json"),
        code=code(
            "judging/raters",
            "results",
            "judging/baselines.py",
            "networks",
            "photos",
            "judging/metrics",
            "core/device.py",
            "core/processes.py",
            "data/patches",
        ),
    output:
        scores=f"{RESULTS}/ratings/{{name}}/scores.csv",
        summary=f"{RESULTS}/ratings/{{name}}/summary.json",
        metrics=directory(f"{RESULTS}/ratings/{{name}}/metrics"),
    log:
        f"{RESULTS}/logs/rate/{{name}}.log",
    resources:
        **one_gpu(settings.run),
    params:
        file=PARAMS,
        settings=lambda w: subtrees(settings, f"ratings.{w.name}", "run.compute"),
        out=lambda w, output: Path(output.summary).parent,
    message:
        "Rating {wildcards.name}"
    shell:
        "wespe rate {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --rater {input.rater} --model {input.network} --out {params.out} > {log} 2>&1"
