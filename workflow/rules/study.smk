rule study:
    input:
        votes=lambda w: votes_of(settings, w.name),
        # What makes figures of votes, not what shows pictures and collects votes.
        code=code(
            "apps/study/__init__.py",
            "apps/study/report.py",
            "apps/study/results.py",
            "apps/study/statistics.py",
            "apps/study/paper.py",
            "apps/study/votes.py",
            "apps/study/order.py",
            "apps/study/records.py",
            "apps/study/folder.py",
        ),
    output:
        multiext(f"{RESULTS}/studies/{{name}}", ".json", ".md", ".csv"),
    log:
        f"{RESULTS}/logs/study/{{name}}.log",
    wildcard_constraints:
        # The list of studies, beside them, is another rule's.
        name="|".join(settings.studies) or "(?!)",
    params:
        folder=lambda w: settings.studies[w.name].path,
        settings=lambda w: subtrees(settings, f"studies.{w.name}"),
        out=lambda w, output: Path(output[0]).parent,
    message:
        "Votes of {wildcards.name}"
    shell:
        "wespe study report {params.folder:q} --name {wildcards.name} --out {params.out} > {log} 2>&1"
