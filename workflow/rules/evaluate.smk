rule evaluate:
    input:
        photos=lambda w: f"{DATA}/sources/{settings.evaluations[w.name].photos}",
        network=trained("generator.safetensors"),
        card=trained("generator.json"),
        code=code(
            "judging/evaluation.py",
            "judging/album.py",
            "judging/metrics",
            "judging/baselines.py",
            "networks",
            "core/device.py",
            "core/processes.py",
            "photos",
        ),
    output:
        images=f"{RESULTS}/evaluations/{{name}}/images.csv",
        summary=f"{RESULTS}/evaluations/{{name}}/summary.json",
        metrics=directory(f"{RESULTS}/evaluations/{{name}}/metrics"),
        pictures=directory(f"{RESULTS}/evaluations/{{name}}/pictures"),
        crops=directory(f"{RESULTS}/evaluations/{{name}}/crops"),
    log:
        f"{RESULTS}/logs/evaluate/{{name}}.log",
    resources:
        **one_gpu(settings.run),
    params:
        file=PARAMS,
        settings=lambda w: subtrees(settings, f"evaluations.{w.name}", "run.compute"),
        out=lambda w, output: Path(output.summary).parent,
    message:
        "Evaluating {wildcards.name}"
    shell:
        "wespe evaluate {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --model {input.network} --out {params.out} > {log} 2>&1"
