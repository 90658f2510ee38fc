"""Data and results outside a project belong to it alone."""

from pathlib import Path

import pytest

from tests.conftest import SETTINGS, Project
from wespe.core.schema import SettingsError
from wespe.pipeline.owner import NOTE, check_owner, claim
from wespe.settings.params import Params, load


def settings(project: Path, data: str) -> Params:
    """The settings of a project whose data lie at `data`."""
    project.mkdir(exist_ok=True)
    (project / "params.yaml").write_text(SETTINGS.replace("data: data", f"data: {data}"))
    return load(project / "params.yaml")


def test_data_that_two_projects_share_are_refused_to_the_second(tmp_path: Path) -> None:
    first, second, data = tmp_path / "first", tmp_path / "second", tmp_path / "data"
    check_owner(settings(first, str(data)), first)
    assert not data.exists()
    claim(settings(first, str(data)), first)
    claim(settings(first, str(data)), first)
    for refuse in (check_owner, claim):
        with pytest.raises(SettingsError) as refused:
            refuse(settings(second, str(data)), second)
        assert str(refused.value).startswith(f"run.data: {data} belongs to the project {first}, ")
        assert str(refused.value).endswith(f"delete {data / NOTE}")
    (data / NOTE).unlink()
    claim(settings(second, str(data)), second)


def test_links_to_one_folder_are_one_folder(tmp_path: Path) -> None:
    first, second, data = tmp_path / "first", tmp_path / "second", tmp_path / "scratch"
    data.mkdir()
    for project in (first, second):
        project.mkdir()
        (project / "data").symlink_to(data)
    claim(settings(first, "data"), first)
    with pytest.raises(SettingsError, match="belongs to the project"):
        check_owner(settings(second, "data"), second)


def test_data_within_the_project_move_with_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    claim(settings(project, "data"), project)
    assert not (project / "data").exists()


@pytest.mark.slow
def test_a_run_notes_its_folders_and_refuses_those_of_another(
    project: Project, tmp_path: Path
) -> None:
    data = tmp_path / "scratch"
    project.edit("params.yaml", "data: data", f"data: {data}")
    project.do("snakemake", "--cores", "1", "--", f"{data}/sources/scenes")
    assert (data / NOTE).read_text() == f"{project.root.resolve()}\n"
    (data / NOTE).write_text("/home/me/other\n")
    told = project.call("snakemake", "--dry-run", "all")
    assert told.returncode == 1
    assert f"run.data: {data} belongs to the project /home/me/other" in told.stdout
