rule evaluate:
    input:
        photos=evaluated(f"{DATA}/sources/{{photos}}"),
        network=evaluated(f"{RESULTS}/pairs/{{pair}}/generator.safetensors"),
        card=evaluated(f"{RESULTS}/pairs/{{pair}}/generator.json"),
        source=evaluated(f"{DATA}/patches/{{source}}.npy"),
        target=evaluated(f"{DATA}/patches/{{target}}.npy"),
        code=code(
            "evaluation.py",
            "metrics",
            "baselines.py",
            "inference",
            "models",
            "images.py",
        ),
    output:
        images=f"{RESULTS}/evaluations/{{name}}/images.csv",
        summary=f"{RESULTS}/evaluations/{{name}}/summary.json",
        pictures=directory(f"{RESULTS}/evaluations/{{name}}/pictures"),
    log:
        f"{RESULTS}/logs/evaluate/{{name}}.log",
    params:
        file=PARAMS,
        settings=lambda w: subtrees(settings, f"evaluations.{w.name}"),
        out=lambda w, output: Path(output.summary).parent,
    message:
        "Evaluating {wildcards.name}"
    shell:
        "wespe evaluate {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --model {input.network} --source {input.source} --target {input.target}"
        " --out {params.out} > {log} 2>&1"
