rule report:
    input:
        expand(
            f"{RESULTS}/pairs/{{name}}/{{file}}",
            name=settings.pairs,
            file=[
                "generator.safetensors",
                "generator.json",
                "losses.jsonl",
                "samples",
            ],
        ),
        evaluated(),
        f"{RESULTS}/tables",
        all_ratings(),
        # Not in DVC's graph: its templates cannot hold what may be none.
        studies=expand(f"{RESULTS}/studies/{{name}}.json", name=settings.studies),
        code=code("reports", "metrics", "images.py"),
    output:
        page=f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/report.log",
    params:
        file=PARAMS,
        settings=subtrees(settings, *type(settings).model_fields),
    message:
        "Report of {settings.run.name}"
    shell:
        "wespe report --params {params.file} --out {output.page} > {log} 2>&1"
