rule metrics:
    input:
        **stages("metrics").inputs,
    output:
        **made("metrics"),
    log:
        log_of("metrics", ""),
    params:
        **depends("metrics"),
    message:
        "Metrics of {settings.run.name}"
    shell:
        "wespe metrics --params {params.file} --out {output} > {log} 2>&1"


rule tables:
    input:
        **stages("tables").inputs,
    output:
        **made("tables"),
    log:
        log_of("tables", ""),
    params:
        **depends("tables"),
    message:
        "Tables of {settings.run.name}"
    shell:
        "wespe tables --params {params.file} --out {output} > {log} 2>&1"


rule report:
    input:
        **stages("report").inputs,
    output:
        **made("report"),
    log:
        log_of("report", ""),
    params:
        **depends("report"),
    message:
        "Report of {settings.run.name}"
    shell:
        "wespe report --params {params.file} --out {output.page} > {log} 2>&1"
