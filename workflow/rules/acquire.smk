rule acquire:
    input:
        path=lambda w: photos_of(settings, w.name),
        code=lambda w: code("acquisition", "images.py"),
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
