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
        all_studies(),
        code=code(
            "reports",
            "results",
            "judging/metrics",
            "judging/baselines.py",
            "networks",
            "photos",
        ),
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
