# What stages need that depend on all ratings or all studies, however few there are: DVC's graph knows
# folders, and this one has to be there.
rule list:
    output:
        index=f"{RESULTS}/{{name}}/index.json",
    log:
        f"{RESULTS}/logs/list/{{name}}.log",
    wildcard_constraints:
        name="ratings|studies",
    params:
        file=PARAMS,
        settings=lambda w: subtrees(settings, w.name),
    message:
        "List of {wildcards.name}"
    shell:
        "wespe list {wildcards.name} --params {params.file} --out {output.index} > {log} 2>&1"
