"""A training that is cancelled, killed, out of time or memory, or loses its node ends like one left
alone: `tests/cluster/slurm.sh start`, then `pytest -m cluster tests/cluster/test_ends.py`.

A minute each. The training is halted where it shall be caught, so that no test is a race; Slurm
lets go on what it ends.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.projects import Project, interrupt, jobs, slurm, state_of, wait_for

pytestmark = pytest.mark.cluster

NETWORK = "results/tiny/pairs/long/generator.safetensors"


@contextmanager
def training(
    project: Project, *, halted_at: int = 20
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Snakemake and the number of its job, whose training is halted after so many steps."""
    snakemake = project.start(*project.submission(NETWORK))
    try:
        wait_for(lambda: recorded(project) >= 20 or snakemake.poll() is not None)
        assert snakemake.poll() is None, said(project)
        signal_training(project, signal.SIGSTOP)
        [job] = jobs()
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
    return here and words[1].endswith(b"/wespe") and words[2] == b"train" if here else False


def said(project: Project) -> str:
    """What Snakemake has said so far."""
    return (project.root / "said").read_text()


def check(project: Project, made: Project) -> None:
    """All files of the pair are those of a training that nobody disturbed."""
    part = "pairs/long/"
    ours, theirs = project.result(), made.result()
    assert {name: data for name, data in theirs.items() if name.startswith(part)} == ours


def test_a_cancelled_training_says_so_and_the_same_command_goes_on(
    project: Project, made: Project
) -> None:
    with training(project) as (_, job):
        slurm("scancel", job)
        wait_for(lambda: state_of(job) == "CANCELLED")
        assert "stopped by SIGTERM; step" in project.log("train", "long")
        assert "is saved, and the same command goes on" in project.log("train", "long")
    project.do(*project.submission(NETWORK))
    check(project, made)


def test_ctrl_c_cancels_the_training_and_the_same_command_goes_on(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, job):
        snakemake.send_signal(signal.SIGINT)
        wait_for(lambda: state_of(job) == "CANCELLED")
    assert "stopped by SIGTERM; step" in project.log("train", "long")
    project.do(*project.submission(NETWORK))
    check(project, made)


def test_a_training_at_its_time_limit_is_tried_again_from_where_it_was(
    project: Project, made: Project
) -> None:
    project.profile(lambda profile: profile["set-resources"]["train"].update(runtime=1))
    with training(project) as (snakemake, job):
        wait_for(lambda: state_of(job) == "TIMEOUT")
        log = project.log("train", "long")
        assert "stopped by Slurm, at the job's time limit; step" in log
        assert "`runtime` in the profile gives it more" in log
        assert snakemake.wait(300) == 0, said(project)
    check(project, made)


def test_a_training_that_the_system_kills_says_what_to_raise_and_is_tried_again(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, job):
        signal_training(project, signal.SIGKILL)
        wait_for(lambda: state_of(job) == "FAILED")
        log = project.log("train", "long")
        assert "ended by SIGKILL, as where memory runs out: `mem_mb` of this rule" in log
        assert snakemake.wait(300) == 0, said(project)
    check(project, made)


def test_a_training_that_slurm_ends_for_its_memory_gets_twice_as_much(
    project: Project, made: Project
) -> None:
    short = "300 * attempt ** 3"
    project.profile(lambda profile: profile["set-resources"]["train"].update(mem_mb=short))
    told = project.do(*project.submission(NETWORK))
    assert "OUT_OF_MEMORY" in told
    assert "`mem_mb`" in told
    check(project, made)


def test_a_training_whose_node_fails_goes_on_elsewhere(project: Project, made: Project) -> None:
    with training(project) as (snakemake, job):
        node = slurm("squeue", "-h", f"--jobs={job}", "--format=%N").strip()
        slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        assert snakemake.wait(300) == 0, said(project)
    check(project, made)


def test_a_drained_node_ends_its_job_and_gets_no_other(project: Project, made: Project) -> None:
    with training(project) as (snakemake, job):
        node = slurm("squeue", "-h", f"--jobs={job}", "--format=%N").strip()
        slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
        signal_training(project, signal.SIGCONT)
        assert snakemake.wait(300) == 0, said(project)
        assert state_of(job) == "COMPLETED"
    check(project, made)
