rule train:
    input:
        reads("train"),
    output:
        **made("train"),
    log:
        log_of("train"),
    # What runs out of time or memory, or loses its node, goes on where it was.
    retries: 2 if ON_CLUSTER else 0
    # Two trainings side by side on one machine take turns at its cores or its GPU.
    threads: all_cores()
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
        CORES_OF_EACH
        + "{params.start}wespe train {wildcards.name} --params {params.file}"
        " {params.parts} --out {params.out}"
        " 2>&1 | (trap '' INT TERM; exec tee {log}) || killed $? train {log}"
