rule study:
    input:
        votes=lambda w: of_user(votes_of(settings, w.name)),
    output:
        **made("study"),
    log:
        log_of("study"),
    params:
        **depends("study"),
        folder=lambda w: settings.studies[w.name].path,
        out=lambda w, output: Path(output.figures).parent,
    message:
        "Votes of {wildcards.name}"
    shell:
        "wespe study report {params.folder:q} --name {wildcards.name} --out {params.out} > {log} 2>&1"
