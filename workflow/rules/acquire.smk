rule acquire:
    input:
        # `content` tells what has changed below it; a folder's own time, less and more than that.
        path=ancient(lambda w: photos_of(settings, w.name)),
        code=lambda w: code("data", "results", "photos/images.py"),
    output:
        directory(f"{DATA}/sources/{{name}}"),
    log:
        f"{RESULTS}/logs/acquire/{{name}}.log",
    params:
        file=PARAMS,
        settings=lambda w: subtrees(settings, f"sources.{w.name}"),
        content=lambda w: fingerprint(Path(settings.sources[w.name].path)),
    message:
        "Photos of {wildcards.name}"
    shell:
        "wespe acquire {wildcards.name} --params {params.file} --out {output} > {log} 2>&1"


# What may need the network is tried again; what has come so far lies outside all outputs.
use rule acquire as acquire_online with:
    wildcard_constraints:
        name="|".join(online_sources(settings)) or "(?!)",
    retries: 3


ruleorder: acquire_online > acquire
