"""What Slurm itself says of the jobs: `tests/cluster/slurm.sh start`, then `pytest -m cluster`.

All but the last, the demo, take seconds.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.cluster

PROFILE = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
# What makes the demo short; its bytes are compared, and not its pictures.
SHORT = {
    "steps: 150": "steps: 16",
    "sample_every: 75": "sample_every: 8",
    "save_every: 50": "save_every: 8",
    "count: 400": "count: 60",
    "size_px: 64": "size_px: 32",
    "batch_size: 8": "batch_size: 2",
    "epochs: 25": "epochs: 2",
    "compute: auto": "compute: cpu-fp32",
}


def call(*command: str, cwd: Path = ROOT) -> str:
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": folders, "OMP_NUM_THREADS": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def submission(rule: str, *, gpus: int, nodes: int = 1) -> list[str]:
    """The options of `sbatch` for a rule, by the profile and the words that the plugin makes."""
    asked: dict[str, Any] = {
        **PROFILE["default-resources"],
        **PROFILE["set-resources"].get(rule, {}),
    }
    options = [
        f"--account={asked['slurm_account']}",
        f"--partition={asked['slurm_partition']}",
        f"--time={asked['runtime']}",
        f"--mem={str(asked['mem_mb']).split()[0]}",
        f"--cpus-per-task={asked['cpus_per_task']}",
        f"--nodes={nodes}",
        f"--ntasks={nodes}",
    ]
    return [*options, f"--gres=gpu:{gpus}"] if gpus else options


@pytest.mark.parametrize(
    ("rule", "gpus", "nodes"),
    [
        ("acquire", 0, 1),
        ("patches", 0, 1),
        ("train", 1, 1),
        ("train", 2, 2),
        ("rater", 1, 1),
        ("evaluate", 1, 1),
        ("rate", 1, 1),
        ("tables", 0, 1),
    ],
)
def test_slurm_accepts_the_job_of_each_rule(rule: str, gpus: int, nodes: int) -> None:
    said = call("sbatch", "--test-only", *submission(rule, gpus=gpus, nodes=nodes), "--wrap=true")
    assert "to start at" in said


def test_each_node_has_the_gpus_that_are_asked_for(tmp_path: Path) -> None:
    call(
        "sbatch",
        "--wait",
        *submission("train", gpus=2, nodes=2),
        f"--output={tmp_path}/out",
        "--wrap=SRUN_CPUS_PER_TASK=8 srun --nodes=2 --ntasks=2 "
        "bash -c 'echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES $SLURM_CPUS_PER_TASK'",
    )
    lines = (tmp_path / "out").read_text().splitlines()
    assert sorted(lines) == ["gpu1 0,1 8", "gpu2 0,1 8"]


def result(root: Path) -> dict[str, bytes]:
    """All that a run has made and that does not tell how long it took."""
    timed = {"generator.json", "rater.json", "report.html"}
    folder = root / "results" / "demo"
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    kept = (path for path in files if path.name not in timed and "logs" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def test_the_demo_through_slurm_is_that_of_one_machine(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    for old, new in SHORT.items():
        assert old in text
        text = text.replace(old, new)
    made = {}
    for name, options in {
        "local": ["--cores", "2"],
        "slurm": [
            *("--workflow-profile", "profiles/slurm"),
            *("--slurm-init-seconds-before-status-checks", "5"),
        ],
    }.items():
        root = tmp_path / name
        call("git", "clone", "--quiet", str(ROOT), str(root))
        (root / "params.yaml").write_text(text)
        call("snakemake", *options, "all", cwd=root)
        made[name] = result(root)
    assert made["local"].keys() == made["slurm"].keys()
    assert [name for name, data in made["local"].items() if data != made["slurm"][name]] == []
