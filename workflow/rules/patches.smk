rule patches:
    input:
        reads("patches"),
    output:
        **made("patches"),
    log:
        log_of("patches"),
    params:
        **depends("patches"),
    message:
        "Patches of {wildcards.name}"
    shell:
        "wespe patches {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --out {output.array} > {log} 2>&1"
        " || killed $? patches {log}"
