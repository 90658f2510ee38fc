"""A training that is cancelled, killed, out of time or memory, or loses its node ends like one left
alone: `tests/cluster/slurm.sh start`, then `pytest -m cluster tests/cluster/test_ends.py`.

A minute each. The training is halted where it shall be caught, so that no test is a race; Slurm
lets go on what it ends.
"""

import signal

import pytest

from tests.cluster.projects import (
    NETWORK,
    PATIENCE_S,
    Project,
    check_pair,
    said,
    signal_training,
    slurm,
    state_of,
    training,
    wait_for,
)
from wespe.pipeline.workflow import slurm_advice

pytestmark = pytest.mark.cluster


def test_a_cancelled_training_says_so_and_the_same_command_goes_on(
    project: Project, made: Project
) -> None:
    with training(project) as (_, job):
        slurm("scancel", job)
        wait_for(lambda: "stopped by" in project.log("train", "long"))
        wait_for(lambda: state_of(job) == "CANCELLED")
        log = project.log("train", "long")
        assert "stopped by SIGTERM; step" in log
        assert "is saved, and the same command goes on" in log
    project.do(*project.submission(NETWORK))
    check_pair(project, made)


def test_ctrl_c_cancels_the_training_and_the_same_command_goes_on(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, job):
        snakemake.send_signal(signal.SIGINT)
        wait_for(lambda: "stopped by SIGTERM; step" in project.log("train", "long"))
        wait_for(lambda: state_of(job) == "CANCELLED")
    project.do(*project.submission(NETWORK))
    check_pair(project, made)


def test_a_training_at_its_time_limit_is_tried_again_from_where_it_was(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, job):
        slurm("scontrol", "update", f"jobid={job}", "timelimit=1")
        wait_for(lambda: "stopped by" in project.log("train", "long"))
        log = project.log("train", "long")
        wait_for(lambda: state_of(job) == "TIMEOUT")
        assert "stopped by Slurm, at the job's time limit; step" in log
        assert "`runtime` in the profile gives it more" in log
        assert snakemake.wait(PATIENCE_S) == 0, said(project)
    check_pair(project, made)


def test_a_training_that_the_system_kills_says_what_to_raise_and_is_tried_again(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, _):
        signal_training(project, signal.SIGKILL)
        wait_for(lambda: "ended by" in project.log("train", "long"))
        log = project.log("train", "long")
        assert "ended by SIGKILL, as where memory runs out: `mem_mb` of this rule" in log
        assert snakemake.wait(PATIENCE_S) == 0, said(project)
    check_pair(project, made)


def test_a_training_that_slurm_ends_for_its_memory_gets_twice_as_much(
    project: Project, made: Project
) -> None:
    short = "300 * attempt ** 3"
    project.profile(lambda profile: profile["set-resources"]["train"].update(mem_mb=short))
    told = project.do(*project.submission(NETWORK))
    [advice] = slurm_advice(told)
    assert "took more memory than it asked for: expected more `mem_mb`" in advice
    check_pair(project, made)


def test_a_training_whose_node_fails_goes_on_elsewhere(project: Project, made: Project) -> None:
    with training(project) as (snakemake, job):
        node = slurm("squeue", "-h", f"--jobs={job}", "--format=%N").strip()
        slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        assert snakemake.wait(PATIENCE_S) == 0, said(project)
    check_pair(project, made)


def test_a_drained_node_ends_its_job_and_gets_no_other(project: Project, made: Project) -> None:
    with training(project) as (snakemake, job):
        node = slurm("squeue", "-h", f"--jobs={job}", "--format=%N").strip()
        slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
        signal_training(project, signal.SIGCONT)
        assert snakemake.wait(PATIENCE_S) == 0, said(project)
        assert state_of(job) == "COMPLETED"
    check_pair(project, made)
