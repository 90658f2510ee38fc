"""What Slurm is asked for each rule, in the words of Snakemake's plugin.

Each is one whole run, whose jobs a stand-in for Slurm takes and ends at once.

Where a Slurm is there, `pytest -m cluster tests/test_submission.py` has it judge each call, by
`sbatch --test-only`.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import Project
from wespe.pipeline.stages import Stages
from wespe.settings.params import load

pytestmark = pytest.mark.slow

STAND_INS = {
    "sbatch": """\
for word in "$@"; do printf '%s\\n' "$word"; done > "$CALLS/$$"
[ -z "$REAL" ] || "$REAL" --test-only "$@" || exit 1
echo $$
""",
    "sacct": """\
for call in "$CALLS"/*; do echo "${call##*/}|COMPLETED"; done
""",
    "sacctmgr": "echo my_account\n",
    "sinfo": "exit 0\n",
    "scontrol": "exit 1\n",
    "scancel": "exit 0\n",
}
ON_ONE_NODE = {
    "acquire": "cpu",
    "patches": "cpu",
    "train": "gpu, 1 GPU in all",
    "rater": "gpu, 1 GPU in all",
    "evaluate": "gpu, 1 GPU in all",
    "rate": "gpu, 1 GPU in all",
    "metrics": "cpu",
    "tables": "cpu",
    "report": "cpu",
}
RUNS = {
    "as usual": ("compute: auto", ON_ONE_NODE),
    "two nodes": (
        "compute: auto, nodes: 2, devices: 3",
        {**ON_ONE_NODE, "train": "gpu, 3 GPUs on each of 2"},
    ),
    "without GPU": (
        "compute: cpu-fp32, nodes: 2",
        {
            rule: {"train": "gpu, on each of 2"}.get(rule, place.partition(",")[0])
            for rule, place in ON_ONE_NODE.items()
        },
    ),
}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.cluster)])
def test_each_rule_asks_for_what_it_needs(
    project: Project, monkeypatch: pytest.MonkeyPatch, run: str, real: bool
) -> None:
    settings, expected = RUNS[run]
    project.edit("params.yaml", "compute: auto", settings)
    project.add_judges()
    make_outputs()
    calls = submit(project, monkeypatch, real=real)
    assert {rule: place_of(call) for rule, call in calls.items()} == expected
    for rule, call in calls.items():
        assert call["--account"] == "my_account"
        cores = 8 if rule in {"train", "rater"} else 4
        assert call["--cpus-per-task"] == str(cores)
        assert int(call["--mem"]) >= 8000
        assert int(call["-t"]) >= 60


def make_outputs() -> None:
    """Have everything be there, as if the jobs had made it."""
    for stage in Stages(load(Path("params.yaml"))):
        for output in map(Path, stage.outputs.values()):
            output.parent.mkdir(parents=True, exist_ok=True)
            output.touch() if output.suffix else output.mkdir(exist_ok=True)


def submit(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, real: bool
) -> Mapping[str, dict[str, str]]:
    """The options of `sbatch` by rule, of a run in which everything is to be made again."""
    stand_in, calls = project.root / "slurm", project.root / "sbatch"
    calls.mkdir()
    stand_in.mkdir()
    for name, script in STAND_INS.items():
        (stand_in / name).write_text(f"#!/bin/sh\n{script}")
        (stand_in / name).chmod(0o755)
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("REAL", shutil.which("sbatch") or "" if real else "")
    monkeypatch.setenv("PATH", f"{stand_in}{os.pathsep}{os.environ['PATH']}")
    said = project.do(
        *("snakemake", "--workflow-profile", "profiles/slurm", "--forceall"),
        *("--slurm-init-seconds-before-status-checks", "1", "--", "all"),
    )
    asked = [options(call.read_text().splitlines()) for call in calls.iterdir()]
    assert len(asked) == len(re.findall(r"has been submitted with SLURM jobid", said))
    return {re.split("_wildcards_|rule_", call["--comment"])[1]: call for call in asked}


def options(words: list[str]) -> dict[str, str]:
    """The options of a call, with a value each."""
    joined = " ".join(words[: next(n for n, word in enumerate(words) if "--wrap" in word)])
    found = re.findall(r"(?:^| )(--?[a-zA-Z][\w-]*)(?:[= ](?!-)(\S+))?", joined)
    known = {"-A": "--account", "-p": "--partition"}
    return {known.get(name, name): value for name, value in found}


def place_of(call: Mapping[str, str]) -> str:
    """Partition, GPUs and nodes of a call, as in RUNS."""
    place = call["--partition"]
    nodes = int(call.get("--nodes", "1"))
    if nodes > 1:
        assert call["--ntasks"] == str(nodes)
    if "--gpus" in call:
        assert nodes == 1
        return f"{place}, {call['--gpus']} GPU in all"
    if "--gres" in call:
        return f"{place}, {call['--gres'].removeprefix('gpu:')} GPUs on each of {nodes}"
    return f"{place}, on each of {nodes}" if nodes > 1 else place
