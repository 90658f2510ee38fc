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
        start=each_node(settings.run),
    message:
        "Training {wildcards.name}; {log} shows how far it is"
    shell:
        "{params.start}wespe train {wildcards.name} --params {params.file}"
        " --source {input.source_array} --target {input.target_array} --out {params.out} 2>&1"
        " | tee {log}"
