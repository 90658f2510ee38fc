"""The whole pipeline. `snakemake all` runs params.yaml; `--configfile FILE` runs another file."""

import json
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from wespe.core.schema import SettingsError
from wespe.pipeline.bucket import (
    copies_folder,
    given_files,
    passed_on,
    prepare_copies,
    states_in_bucket,
)
from wespe.pipeline.fingerprint import fingerprint
from wespe.pipeline.outcome import outcome
from wespe.pipeline.owner import check_owner, claim
from wespe.pipeline.pending import WANTED
from wespe.pipeline.stages import Stages, outputs
from wespe.pipeline.workflow import (
    check_writable,
    chosen_settings,
    clock_warnings,
    cluster_warnings,
    hint,
    online_sources,
    photos_of,
    slurm_advice,
    votes_of,
)
from wespe.settings.params import load

# No `configfile:` directive: it would merge a file from the command line into params.yaml.
given = workflow.config_settings
try:
    PARAMS = chosen_settings(given.configfiles, given.config)
    settings = load(PARAMS)
    check_writable(settings)
    check_owner(settings, Path())
    stages = Stages(settings)
    COPIES = copies_folder(workflow)
    if COPIES:
        prepare_copies(Path(COPIES), PARAMS, stages)
except SettingsError as error:
    raise WorkflowError(str(error)) from None

limits = workflow.resource_settings
# Only in the process that submits the jobs, and not in each of them.
if limits.nodes is not None and not workflow.remote_exec:
    files = (Path(file) for stage in stages for file in stage.outputs.values())
    for warning in [
        *cluster_warnings(settings, cores=limits.cores, shared=not COPIES),
        *clock_warnings(Path(), files),
    ]:
        print(f"Cluster: {warning}", file=sys.stderr)


# The system that requirements.txt is locked for; the commands themselves come with `make .venv`.
container: "docker://python:3.12-bookworm"


wildcard_constraints:
    name=r"[A-Za-z0-9][A-Za-z0-9_-]*",


localrules:
    all,


if COPIES:

    # What jobs need to reach the bucket and MLflow.
    envvars:
        *passed_on(),

    # Photos and votes are where the user has them.
    localrules:
        acquire,
        acquire_online,
        share,
        study,


rule all:
    default_target: True
    input:
        [next(iter(stage.outputs.values())) for stage in stages if stage.rule in WANTED],


include: "workflow/rules/common.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/patches.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/raters.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/report.smk"


if COPIES:

    include: "workflow/rules/share.smk"


onstart:
    try:
        claim(settings, Path())
    except SettingsError as error:
        raise WorkflowError(str(error)) from None


onsuccess:
    if Path(rules.report.output.page).exists():
        for line in [*outcome(settings), hint(PARAMS)]:
            if line:
                print(line)


onerror:
    files = [log] if isinstance(log, str) else log
    said = "".join(Path(file).read_text("utf-8", "replace") for file in files)
    for line in slurm_advice(said):
        print(f"Cluster: {line}", file=sys.stderr)
