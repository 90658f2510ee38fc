# Files that the user gives, such as weights, come into the bucket once they are needed.
rule share:
    input:
        lambda w: local(w.given),
    output:
        "{given}",
    wildcard_constraints:
        given=one_of(map(re.escape, given_files(stages))),
    message:
        "Into the bucket: {wildcards.given}"
    shell:
        "cp {input:q} {output:q}"
