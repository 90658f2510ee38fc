rule train:
    input:
        reads("train"),
    output:
        **made("train"),
    log:
        log_of("train"),
    # Two trainings side by side on one machine take turns at its cores or its GPU.
    threads: workflow.cores
    resources:
        **devices(settings.run),
    params:
        **depends("train"),
        out=lambda w, output: Path(output.network).parent,
        start=lambda w: each_node(settings.run) if settings.recipe_of(w.name) else "",
        parts=parts_of,
    message:
        "Training {wildcards.name}; {log} shows how far it is"
    shell:
        "{params.start}wespe train {wildcards.name} --params {params.file}"
        " {params.parts} --out {params.out} 2>&1 | tee {log}"
