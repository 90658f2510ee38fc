"""A project that was moved or copied has its record with it."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wespe.pipeline.tracking.places import keep_relative

URI = "sqlite:///mlflow.db"


@pytest.fixture
def project(tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, the current one, whose record was made elsewhere by absolute places."""
    monkeypatch.chdir(tmp_path)
    Path("mlflow.db").write_bytes(empty_database)
    change("delete from experiments")
    for number, place in ((1, "/old/place/mlruns/1"), (2, "s3://bucket/runs"), (3, "/old/mine")):
        change(
            "insert into experiments (experiment_id, name, artifact_location, lifecycle_stage,"
            f" workspace) values ({number}, 'n{number}', '{place}', 'active', 'default')"
        )
        change(
            "insert into runs (run_uuid, experiment_id, artifact_uri) values"
            f" ('r{number}', {number}, '{place}/r{number}/artifacts')"
        )
    return tmp_path


def change(query: str) -> None:
    with closing(sqlite3.connect("mlflow.db")) as database, database:
        database.execute(query)


def column(query: str) -> list[str]:
    with closing(sqlite3.connect("mlflow.db")) as database:
        return [value for (value,) in database.execute(query)]


def test_places_of_the_project_become_relative_and_others_stay(project: Path) -> None:
    for _ in range(2):
        keep_relative(URI)
        assert column("select artifact_location from experiments order by 1") == [
            "/old/mine",
            "mlruns/1",
            "s3://bucket/runs",
        ]
        assert column("select artifact_uri from runs order by run_uuid") == [
            "mlruns/1/r1/artifacts",
            "s3://bucket/runs/r2/artifacts",
            "/old/mine/r3/artifacts",
        ]


def test_a_database_that_several_projects_share_stays_as_it_is(project: Path) -> None:
    before = column("select artifact_uri from runs order by 1")
    keep_relative(f"sqlite:///{project}/mlflow.db")
    assert column("select artifact_uri from runs order by 1") == before


@pytest.mark.parametrize("uri", ["", "http://127.0.0.1:9", "sqlite:///none.db"])
def test_what_is_no_database_of_ours_is_not_made(project: Path, uri: str) -> None:
    keep_relative(uri)
    assert [path.name for path in project.iterdir()] == ["mlflow.db"]


RECORD = """
import sys
from pathlib import Path
from wespe.pipeline import tracking
from wespe.settings import params as config
Path("note.txt").write_text(sys.argv[1])
on = config.Run(name="demo", tracking="sqlite:///mlflow.db")
with tracking.training(on, "pair", {}, state_key=sys.argv[1]) as run:
    run.artifact(Path("note.txt"))
"""


def record(project: Path, name: str) -> None:
    project.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", RECORD, name], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "MLflow failed" not in done.stderr


def notes(project: Path) -> list[str]:
    return sorted(path.read_text() for path in project.glob("mlruns/*/*/artifacts/note.txt"))


@pytest.mark.slow
def test_a_copy_has_a_record_of_its_own_and_a_moved_project_takes_it_along(tmp_path: Path) -> None:
    original, copy, moved = (tmp_path / name for name in ("original", "copy", "moved"))
    record(original, "first")
    shutil.copytree(original, copy)
    record(copy, "of the copy")
    assert notes(original) == ["first"]
    assert notes(copy) == ["first", "of the copy"]
    original.rename(moved)
    record(moved, "after the move")
    assert notes(moved) == ["after the move", "first"]
    assert not original.exists()
