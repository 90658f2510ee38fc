rule train:
    input:
        source=patch_set("source"),
        source_manifest=patch_set("source", ".json"),
        target=patch_set("target"),
        target_manifest=patch_set("target", ".json"),
        weights=given_files,
        code=code(
            "training",
            "networks",
            "data/patches",
            "photos",
            "core/device.py",
            "core/processes.py",
        ),
    output:
        network=f"{RESULTS}/pairs/{{name}}/generator.safetensors",
        card=f"{RESULTS}/pairs/{{name}}/generator.json",
        losses=f"{RESULTS}/pairs/{{name}}/losses.jsonl",
        samples=directory(f"{RESULTS}/pairs/{{name}}/samples"),
    log:
        f"{RESULTS}/logs/train/{{name}}.log",
    # Two trainings side by side on one machine take turns at its cores or its GPU.
    threads: workflow.cores
    resources:
        **devices(settings.run),
    params:
        file=PARAMS,
        settings=lambda w: subtrees(
            settings,
            f"pairs.{w.name}",
            f"recipes.{settings.pairs[w.name].recipe}",
            "run.seed",
            "run.compute",
        ),
        out=lambda w, output: Path(output.network).parent,
        start=each_node(settings.run),
    message:
        "Training {wildcards.name}; {log} shows how far it is"
    shell:
        "{params.start}wespe train {wildcards.name} --params {params.file} --source {input.source}"
        " --target {input.target} --out {params.out} 2>&1 | tee {log}"
