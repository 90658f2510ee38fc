rule tables:
    input:
        evaluated(),
        all_ratings(),
        code=code(
            "reports",
            "results",
            "judging/metrics",
            "judging/baselines.py",
            "networks",
            "photos",
        ),
    output:
        directory(f"{RESULTS}/tables"),
    log:
        f"{RESULTS}/logs/tables.log",
    params:
        file=PARAMS,
        settings=subtrees(settings, "tables", "evaluations", "pairs", "recipes"),
    message:
        "Tables of {settings.run.name}"
    shell:
        "wespe tables --params {params.file} --out {output} > {log} 2>&1"
