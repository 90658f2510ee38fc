# What stages need that depend on all ratings, however few there are: DVC's graph knows folders, and
# this one has to be there.
rule ratings:
    output:
        index=f"{RESULTS}/ratings/index.json",
    log:
        f"{RESULTS}/logs/ratings.log",
    params:
        file=PARAMS,
        settings=subtrees(settings, "ratings"),
    message:
        "List of ratings"
    shell:
        "wespe ratings --params {params.file} --out {output.index} > {log} 2>&1"
