"""Projects for jobs, made once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.projects import Project, jobs, make_project, slurm

SOURCES, TARGETS = ("htc", "nokia", "sony"), ("canon", "nikon")


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose patches are cut; eight pairs, a grid among them, are to be trained."""
    project = make_project(tmp_path_factory.mktemp("cut") / "project", SOURCES, TARGETS)
    patches = [f"data/patches/{name}.npy" for name in (*SOURCES, *TARGETS)]
    project.locally("data/sources/scenes", *patches)
    return project


@pytest.fixture(scope="session")
def made(cut: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after all is made on this machine, in one process after the other."""
    project = cut.copy(tmp_path_factory.mktemp("made") / "project")
    project.locally()
    return project


@pytest.fixture
def project(cut: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy whose patches are cut. What is left of its jobs and on the nodes ends with it."""
    project = cut.copy(tmp_path / "project")
    yield project
    if left := jobs(project):
        slurm("scancel", *left)
    for state in ("down", "drain"):
        for node in slurm("sinfo", "-hN", "--states", state, "-o", "%N").split():
            slurm("scontrol", "update", f"nodename={node}", "state=resume")
