rule patches:
    input:
        photos=f"{DATA}/sources/{{name}}",
        code=code("data/patches", "photos/images.py"),
    output:
        array=f"{DATA}/patches/{{name}}.npy",
        manifest=f"{DATA}/patches/{{name}}.json",
    log:
        f"{RESULTS}/logs/patches/{{name}}.log",
    params:
        file=PARAMS,
        settings=subtrees(settings, "patches", "run.seed"),
    message:
        "Patches of {wildcards.name}"
    shell:
        "wespe patches {wildcards.name} --params {params.file} --index {input.photos}/index.json"
        " --out {output.array} > {log} 2>&1"
