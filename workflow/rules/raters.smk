rule rater:
    input:
        reads("rater"),
    output:
        **made("rater"),
    log:
        log_of("rater"),
    threads: all_cores()
    resources:
        **cores_asked(),
        **one_gpu(settings.run),
    params:
        **depends("rater"),
        out=lambda w, output: Path(output.card).parent,
    message:
        "Rater {wildcards.name}; {log} shows how far it is"
    shell:
        "wespe rater {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --out {params.out}"
        " 2>&1 | (trap '' INT TERM; exec tee {log}) || killed $? rater {log}"


rule rate:
    input:
        reads("rate"),
    output:
        **made("rate"),
    log:
        log_of("rate"),
    resources:
        **one_gpu(settings.run),
    params:
        **depends("rate"),
        out=lambda w, output: Path(output.summary).parent,
    message:
        "Rating {wildcards.name}"
    shell:
        "wespe rate {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --rater {input.rater} --model {input.network} --out {params.out} > {log} 2>&1"
        " || killed $? rate {log}"
