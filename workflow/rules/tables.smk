rule tables:
    input:
        evaluated(),
        all_ratings(),
        code=code(
            "tables",
            "papers",
            "reports",
            "metrics",
            "baselines.py",
            "transport.py",
            "losses.py",
            "images.py",
            "levels.py",
        ),
    output:
        directory(f"{RESULTS}/tables"),
    log:
        f"{RESULTS}/logs/tables.log",
    params:
        file=PARAMS,
        settings=subtrees(
            settings, "tables", "evaluations", "pairs", "recipes", "run.seed"
        ),
    message:
        "Tables of {settings.run.name}"
    shell:
        "wespe tables --params {params.file} --out {output} > {log} 2>&1"
