"""The whole pipeline. `snakemake all` runs params.yaml; `--configfile FILE` runs another file."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from wespe.settings.params import load
from wespe.core.schema import SettingsError
from wespe.pipeline.workflow import (
    check_writable,
    chosen_settings,
    code,
    fingerprint,
    online_sources,
    photos_of,
    subtrees,
    votes_of,
)

# No `configfile:` directive: it would merge a file from the command line into params.yaml.
given = workflow.config_settings
try:
    PARAMS = chosen_settings(given.configfiles, given.config)
    settings = load(PARAMS)
    check_writable(settings)
except SettingsError as error:
    raise WorkflowError(str(error)) from None

DATA = settings.run.data
RESULTS = settings.run.results


# The system that requirements.txt is locked for; the commands themselves come with `make .venv`.
container: "docker://python:3.12-bookworm"


wildcard_constraints:
    name=r"[A-Za-z0-9][A-Za-z0-9_-]*",


localrules:
    all,


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        f"{RESULTS}/tables",
        expand(f"{DATA}/patches/{{name}}.json", name=settings.domains),
        expand(f"{RESULTS}/raters/{{name}}/rater.json", name=settings.raters),
        expand(f"{RESULTS}/ratings/{{name}}/summary.json", name=settings.ratings),


include: "workflow/rules/common.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/patches.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/raters.smk"
include: "workflow/rules/list.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/report.smk"


onsuccess:
    if Path(rules.report.output.page).exists():
        print(f"Report: {rules.report.output.page}")
        for name in settings.pairs:
            print(f"Network {name}: {RESULTS}/pairs/{name}/generator.safetensors")
