"""What is wrong with a cluster or its settings is named with what to do, and nothing is lost:
`tests/cluster/slurm.sh start`, then `pytest -m cluster tests/cluster/test_bad_input.py`.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.projects import NETWORK, Project, check_pair, interrupt, training

pytestmark = pytest.mark.cluster

REFUSED = {
    "account": ("nobody", "The given account nobody appears to be invalid. Available accounts"),
    "partition": ("gone", "invalid partition specified: gone"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_slurm_does_not_know_is_named_and_makes_no_job(project: Project, key: str) -> None:
    given, message = REFUSED[key]

    def change(profile: dict[str, Any]) -> None:
        profile["default-resources"][f"slurm_{key}"] = given
        for asked in profile["set-resources"].values():
            asked.pop(f"slurm_{key}", None)

    project.profile(change)
    before = project.result()
    told = project.call(*project.submission(NETWORK))
    assert told.returncode == 1
    assert message in told.stdout
    assert project.result() == before


def test_without_an_account_it_is_said_and_slurm_takes_the_default(
    project: Project, made: Project
) -> None:
    project.profile(lambda profile: profile["default-resources"].pop("slurm_account"))
    told = project.do(*project.submission(NETWORK))
    assert "No SLURM account given" in told
    check_pair(project, made)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[None]:
    """Have `folder` lie on a disk of its own, whose files stay when that ends."""
    folder.mkdir(exist_ok=True)
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_the_same_command_goes_on(project: Project, made: Project) -> None:
    state = project.root / ".wespe"
    with small_disk(state, megabytes=1):
        told = project.call(*project.submission(NETWORK))
        assert told.returncode == 1
        log = project.log("train", "long")
        assert "No space left on device" in log
        assert ".wespe/training/" in log
        subprocess.run(["mount", "-o", "remount,size=100m", str(state)], check=True)
        project.do(*project.submission(NETWORK))
    check_pair(project, made)


def test_a_second_pipeline_in_one_folder_is_refused_and_the_first_goes_on(
    project: Project, made: Project
) -> None:
    with training(project) as (snakemake, _):
        # As on another machine: Snakemake's lock is a file, and knows of no process.
        told = project.call(*project.submission(NETWORK))
        assert told.returncode == 1
        assert "Directory cannot be locked" in told.stdout
        assert "--unlock" in told.stdout
        interrupt(snakemake)
    project.do(*project.submission(NETWORK))
    check_pair(project, made)
