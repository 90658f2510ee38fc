rule acquire:
    input:
        # `content` says what has changed below it; a folder's own time, less and more than that.
        path=ancient(lambda w: of_user(photos_of(settings, w.name))),
    output:
        **made("acquire"),
    log:
        log_of("acquire"),
    params:
        **depends("acquire"),
        content=lambda w: fingerprint(Path(settings.sources[w.name].path)),
    message:
        "Photos of {wildcards.name}"
    shell:
        "wespe acquire {wildcards.name} --params {params.file} --out {output} > {log} 2>&1"
        " || killed $? acquire {log}"


# What may need the network is tried again; what has come so far lies outside all outputs.
use rule acquire as acquire_online with:
    wildcard_constraints:
        name=one_of(online_sources(settings)),
    retries: 3


ruleorder: acquire_online > acquire
