rule tables:
    input:
        evaluated(),
        # Those that a table names: DVC's templates cannot hold what may be none.
        ratings=expand(
            f"{RESULTS}/ratings/{{name}}/{{file}}",
            name={
                name for table in settings.tables.values() for name in table.ratings
            },
            file=["scores.csv", "summary.json"],
        ),
        code=code(
            "tables",
            "papers",
            "reports",
            "metrics",
            "baselines.py",
            "transport.py",
            "losses.py",
            "images.py",
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
