"""Small projects whose rules are jobs of Slurm, and what Slurm and Snakemake say of them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from tests.copies import copy_project

QUICKLY = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5")
"""Snakemake asks after its jobs soon, and not after 40 seconds as on a cluster that many use."""

NETWORK = "results/tiny/pairs/long/generator.safetensors"
PATIENCE_S = 1200.0
"""What takes longer hangs, also on a machine that has much else to do."""

ONE_THREAD = ("--set-threads", "train=1")
"""Several threads may round otherwise than one."""

_TIMED = {"generator.json", "rater.json", "report.html"}
"""Files that tell how long something took."""
_TIMES = re.compile(rb'.*("seconds": |crops/s).*')
"""The lines of a summary that do."""


@dataclass
class Project:
    """A copy of the project at `root` with settings of its own.

    A training has one thread, wherever it runs.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command; its messages are in `stdout`, those of standard error too."""
        return subprocess.run(command, **self._surroundings())

    def do(self, *command: str) -> str:
        """Run a command that has to succeed; returns its messages."""
        done = self.call(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command, whose messages go to the file `said`."""
        with (self.root / "said").open("w") as said:
            return subprocess.Popen(command, **{**self._surroundings(), "stdout": said})

    def _surroundings(self) -> dict[str, Any]:
        folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        one = {"PATH": folders, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
        # Without bytecode each of many processes would compile torch anew, for ten seconds.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return {
            "cwd": self.root,
            "env": {**inherited, **one, **self.environment},
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            # A shell that starts the tests in the background has its children ignore Ctrl-C.
            "preexec_fn": _heed_ctrl_c,
        }

    def locally(self, *targets: str) -> str:
        """Make `targets`, or all, on this machine; returns what Snakemake says."""
        return self.do("snakemake", "--cores", "2", *ONE_THREAD, "--", *(targets or ["all"]))

    def submission(self, *targets: str) -> list[str]:
        """The command that makes `targets`, or all, by jobs of Slurm."""
        options = ("--workflow-profile", "profiles/slurm", *QUICKLY, *ONE_THREAD)
        return ["snakemake", *options, "--", *(targets or ["all"])]

    def profile(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the profile for Slurm."""
        path = self.root / "profiles" / "slurm" / "config.yaml"
        settings = yaml.safe_load(path.read_text())
        change(settings)
        path.write_text(yaml.safe_dump(settings))

    def settings(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the settings."""
        path = self.root / "params.yaml"
        settings = yaml.safe_load(path.read_text())
        change(settings)
        path.write_text(yaml.safe_dump(settings))

    def log(self, rule: str, name: str) -> str:
        """What the log of a rule says; nothing before there is one."""
        path = self.root / "results" / "tiny" / "logs" / rule / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def result(self) -> dict[str, bytes]:
        """All that a run has made and that does not tell how long it took."""
        return result(self.root / "results" / "tiny")

    def copy(self, to: Path) -> "Project":
        """Another project that has come as far as this one."""
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to, dict(self.environment))


def result(folder: Path) -> dict[str, bytes]:
    """The files of a folder of results, without logs and all that tells how long something took."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    kept = (path for path in files if path.name not in _TIMED and "logs" not in path.parts)
    return {
        str(path.relative_to(folder)): _TIMES.sub(b"", path.read_bytes())
        if path.name == "summary.json"
        else path.read_bytes()
        for path in kept
    }


def make_project(root: Path, sources: Sequence[str], targets: Sequence[str]) -> Project:
    """A project with a pair for each source and target, and two more, `long` and `again`.

    `long` is evaluated on two photos. A training takes a second or so on a core, `long` three times
    that.
    """
    copy_project(root)
    numbers = np.random.default_rng(0)
    for name in [*sources, *targets, "scenes"]:
        for photo in range(2):
            path = root / "photos" / name / f"{photo}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(numbers.integers(0, 256, (160, 160, 3), np.uint8)).save(path)
    pairs: dict[str, dict[str, Any]] = {
        f"{source}_{target}": {"source": source, "target": target, "recipe": "short"}
        for source in sources
        for target in targets
    }
    first: dict[str, Any] = {"source": sources[0], "target": targets[0]}
    pairs |= {"long": {**first, "recipe": "long"}, "again": {**first, "recipe": "short", "seed": 1}}
    short = {
        "steps": 20,
        "batch_size": 2,
        "ema": 0.9,
        "augment": True,
        "generator": {"width": 8, "blocks": 1, "norm": "none"},
        "discriminator": {"norm": "none", "r1": 0.01},
        "weights": {"content": 0.0},
        "log_every": 1,
        "sample_every": 20,
        "save_every": 5,
    }
    settings = {
        "run": {
            "name": "tiny",
            "results": "results/tiny",
            "data": "data",
            "seed": 0,
            "compute": "cpu-fp32",
            "tracking": "",
        },
        "sources": {
            name: {"kind": "folder", "path": f"photos/{name}"}
            for name in [*sources, *targets, "scenes"]
        },
        "domains": [*sources, *targets],
        "patches": {"size_px": 32, "count": 16},
        "recipes": {"short": short, "long": {**short, "steps": 60}},
        "pairs": pairs,
        "evaluations": {"scenes": {"pair": "long", "photos": "scenes", "pictures": 1}},
    }
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    return Project(root)


def read_losses(project: Project, name: str) -> list[dict[str, float]]:
    """The records of a finished training."""
    path = project.root / "results" / "tiny" / "pairs" / name / "losses.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def jobs(project: Project) -> list[str]:
    """The numbers of the project's jobs that have not ended."""
    listed = slurm("squeue", "--noheader", "--states=PENDING,RUNNING", "--format=%i %Z")
    mine = (line.split(maxsplit=1) for line in listed.splitlines())
    return [number for number, folder in mine if folder == str(project.root)]


def state_of(job: str) -> str:
    """The state of a job in Slurm's accounts, such as `COMPLETED`."""
    said = slurm("sacct", "-X", "--noheader", "--parsable2", f"--jobs={job}", "--format=state")
    return said.split()[0] if said.split() else ""


def slurm(*command: str) -> str:
    """What a command of Slurm says; it has to succeed."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def wait_for(what: Callable[[], object], *, seconds: float = PATIENCE_S) -> Any:
    """What a function gives as soon as that is true; AssertionError if it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s in vain")


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(snakemake: subprocess.Popen[str]) -> None:
    """Press Ctrl-C, as it were, and wait for the end."""
    if snakemake.poll() is None:
        snakemake.send_signal(signal.SIGINT)
    snakemake.wait(PATIENCE_S)


@contextmanager
def training(project: Project) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Snakemake and the number of its job, whose training is halted after some steps."""
    snakemake = project.start(*project.submission(NETWORK))
    try:
        wait_for(lambda: recorded(project) >= 20 or snakemake.poll() is not None)
        assert snakemake.poll() is None, said(project)
        signal_training(project, signal.SIGSTOP)
        [job] = jobs(project)
        yield snakemake, job
    finally:
        interrupt(snakemake)


def recorded(project: Project) -> int:
    """The last step in the records of the training; -1 before there is one."""
    for losses in project.root.glob(".wespe/training/*/losses.jsonl"):
        return losses.read_text().count("\n")
    return -1


def signal_training(project: Project, number: signal.Signals) -> None:
    """Send a signal to the process that trains."""
    [process] = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and trains(entry, project.root)
    ]
    os.kill(process, number)


def trains(process: Path, root: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        here = (process / "cwd").readlink() == root
    except OSError:  # It has ended.
        return False
    return here and len(words) > 2 and words[1].endswith(b"/wespe") and words[2] == b"train"


def said(project: Project) -> str:
    """What Snakemake has said so far."""
    return (project.root / "said").read_text()


def check_pair(project: Project, made: Project) -> None:
    """All files of the pair are those of a training that nobody disturbed."""
    part = "pairs/long/"
    ours, theirs = project.result(), made.result()
    assert {name: data for name, data in theirs.items() if name.startswith(part)} == ours
