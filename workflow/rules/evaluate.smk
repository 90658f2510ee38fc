rule evaluate:
    input:
        reads("evaluate"),
    output:
        **made("evaluate"),
    log:
        log_of("evaluate"),
    resources:
        **one_gpu(settings.run),
    params:
        **depends("evaluate"),
        out=lambda w, output: Path(output.summary).parent,
    message:
        "Evaluating {wildcards.name}"
    shell:
        "wespe evaluate {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --model {input.network} --out {params.out} > {log} 2>&1"
        " || killed $? evaluate {log}"
