"""The record of runs: one run a training, whatever happens to the training or to MLflow."""

import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from wespe import tracking

PARAMS = {"steps": 400, "generator": {"width": 32, "norm": "none"}}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fresh MLflow file: making one takes seconds, a copy none."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    tracking.find_run(f"sqlite:///{path}", "another", "none")
    return path.read_bytes()


@pytest.fixture
def uri(tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(empty_database)
    # MLflow keeps a connection for each URI, so a relative one would lead to the first test's file.
    return f"sqlite:///{tmp_path}/mlflow.db"


def train(uri: str, steps: range, *, key: str = "k1", sha256: str = "") -> None:
    with tracking.run(
        uri, "demo", "phone_dslr", state_key=key, params=PARAMS, tags={tracking.PAIR: "phone_dslr"}
    ) as run:
        for step in steps:
            run.log(step, {"content": step / 2, "tv": 1.0})
        if sha256:
            run.tag({tracking.CHECKPOINT: sha256})


def rows(query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect("mlflow.db") as database:
        return database.execute(query).fetchall()


def test_a_training_is_one_finished_run_with_dotted_params(uri: str) -> None:
    train(uri, range(60))
    assert rows("select name, status from runs") == [("phone_dslr", "FINISHED")]
    assert dict(rows("select key, value from params")) == {
        "steps": "400",
        "generator.width": "32",
        "generator.norm": "none",
    }
    assert rows("select count(*), sum(value) from metrics where key = 'content'") == [(60, 885.0)]


def test_a_resumed_training_continues_its_run_and_repeats_no_step(uri: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        _stop(uri)
    assert rows("select status from runs") == [("KILLED",)]
    # The state was saved at step 20; MLflow already has the steps up to 29.
    train(uri, range(20, 40))
    assert rows("select status from runs") == [("FINISHED",)]
    steps = rows("select step from metrics where key = 'tv' order by step")
    assert steps == [(step,) for step in range(40)]


def _stop(uri: str) -> None:
    with tracking.run(uri, "demo", "a", state_key="k1", params=PARAMS, tags={}) as run:
        for step in range(30):
            run.log(step, {"content": 0.0, "tv": 1.0})
        raise KeyboardInterrupt


def test_a_failed_training_says_so_and_a_finished_one_is_not_continued(uri: str) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        tracking.run(uri, "demo", "a", state_key="k1", params={}, tags={}),
    ):
        _ = 1 / 0
    assert rows("select status from runs") == [("FAILED",)]
    train(uri, range(1))
    train(uri, range(1))
    assert rows("select status from runs") == [("FINISHED",), ("FINISHED",)]


def test_an_evaluation_finds_the_run_of_its_checkpoint(uri: str, tmp_path: Path) -> None:
    train(uri, range(1), key="k1", sha256="aa")
    train(uri, range(1), key="k2", sha256="bb")
    picture = tmp_path / "0.jpg"
    picture.write_bytes(b"jpeg")
    run = tracking.find_run(uri, "demo", "bb")
    run.metrics({"scenes.enhanced.psnr_db": 21.5})
    run.artifact(picture, "scenes")
    assert rows(
        "select t.value, m.value from metrics m join tags t using (run_uuid)"
        " where m.key like 'scenes.%' and t.key = 'wespe.checkpoint_sha256'"
    ) == [("bb", 21.5)]
    assert [path.read_bytes() for path in tmp_path.rglob("scenes/0.jpg")] == [b"jpeg"]


def test_without_a_uri_or_a_matching_run_nothing_is_recorded(uri: str) -> None:
    train("", range(60))
    tracking.find_run(uri, "demo", "unknown").metrics({"a": 1.0})
    assert rows("select count(*) from runs") == rows("select count(*) from metrics") == [(0,)]


def test_an_unreachable_server_is_one_warning_and_no_error(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.WARNING, "wespe"):
        train("http://127.0.0.1:9", range(200))
    assert len([record for record in caplog.records if record.name == "wespe.tracking"]) == 1


def test_a_record_that_breaks_midway_stops_with_one_warning(
    uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, "wespe"),
        tracking.run(uri, "demo", "a", state_key="k", params={}, tags={}) as run,
    ):
        rows("drop table metrics")
        for step in range(200):
            run.log(step, {"content": 0.0})
    assert len([record for record in caplog.records if record.name == "wespe.tracking"]) == 1


def test_four_processes_may_open_a_fresh_file_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOUR_PROCESSES], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "MLflow failed" not in done.stderr
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert database.execute("select count(*) from metrics").fetchone() == (4,)


# Forked after the import of MLflow, which takes longer than everything else here.
FOUR_PROCESSES = """
import multiprocessing, mlflow.tracking
from wespe import tracking

def train(number):
    uri = "sqlite:///mlflow.db"
    with tracking.run(uri, "demo", "a", state_key=str(number), params={}, tags={}) as run:
        run.log(1, {"tv": 1.0})

fork = multiprocessing.get_context("fork")
started = [fork.Process(target=train, args=[number]) for number in range(4)]
for process in started:
    process.start()
for process in started:
    process.join()
raise SystemExit(max(process.exitcode for process in started))
"""


def test_importing_tracking_does_not_import_mlflow() -> None:
    program = "import sys, wespe.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
