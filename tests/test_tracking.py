"""The record of runs: one run a training, whatever happens to the training or to MLflow."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from wespe import config, tracking
from wespe.recipes.base import Generator
from wespe.recipes.wespe import WespeRecipe

PAIR = config.Pair(source="phone", target="dslr", recipe="short")
RECIPE = WespeRecipe(steps=400, generator=Generator(width=32))
OFF = config.Run(tracking="")


def training(settings: config.Run, key: str = "k1") -> AbstractContextManager[tracking.Run]:
    return tracking.training(settings, "phone_dslr", PAIR, RECIPE, seed=0, state_key=key)


def train(settings: config.Run, steps: range, *, key: str = "k1", sha256: str = "") -> None:
    with training(settings, key) as run:
        for step in steps:
            run.log(step, {"content": step / 2, "tv": 1.0})
        if sha256:
            run.tag({tracking.CHECKPOINT: sha256})


def rows(query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect("mlflow.db") as database:
        return database.execute(query).fetchall()


def test_a_training_is_one_finished_run_with_dotted_params(on: config.Run) -> None:
    train(on, range(60))
    assert rows("select name, status from runs") == [("phone_dslr", "FINISHED")]
    params = dict(rows("select key, value from params"))
    assert params["steps"] == "400"
    assert params["generator.width"] == "32"
    assert params["source"] == "phone"
    assert params["seed"] == "0"
    assert rows("select count(*), sum(value) from metrics where key = 'content'") == [(60, 885.0)]


def test_a_resumed_training_continues_its_run_and_repeats_no_step(on: config.Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        _stop(on)
    assert rows("select status from runs") == [("KILLED",)]
    # The state was saved at step 20; MLflow already has the steps up to 29.
    train(on, range(20, 40))
    assert rows("select status from runs") == [("FINISHED",)]
    steps = rows("select step from metrics where key = 'tv' order by step")
    assert steps == [(step,) for step in range(40)]


def _stop(on: config.Run) -> None:
    with training(on) as run:
        for step in range(30):
            run.log(step, {"content": 0.0, "tv": 1.0})
        raise KeyboardInterrupt


def test_a_failed_training_says_so_and_a_finished_one_is_not_continued(on: config.Run) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        training(on),
    ):
        _ = 1 / 0
    assert rows("select status from runs") == [("FAILED",)]
    train(on, range(1))
    train(on, range(1))
    assert rows("select status from runs") == [("FINISHED",), ("FINISHED",)]


def test_an_evaluation_finds_the_run_of_its_checkpoint(on: config.Run, tmp_path: Path) -> None:
    train(on, range(1), key="k1", sha256="aa")
    train(on, range(1), key="k2", sha256="bb")
    picture = tmp_path / "0.jpg"
    picture.write_bytes(b"jpeg")
    run = tracking.find_run(on, "bb")
    run.metrics({"scenes.enhanced.psnr_db": 21.5})
    run.artifact(picture, "scenes")
    assert rows(
        "select t.value, m.value from metrics m join tags t using (run_uuid)"
        " where m.key like 'scenes.%' and t.key = 'wespe.checkpoint_sha256'"
    ) == [("bb", 21.5)]
    assert [path.read_bytes() for path in tmp_path.rglob("scenes/0.jpg")] == [b"jpeg"]


def test_a_finished_training_leaves_its_networks_hash_speed_and_samples(
    on: config.Run, tmp_path: Path
) -> None:
    out = tmp_path / "results" / "phone_dslr"
    (out / "samples").mkdir(parents=True)
    (out / "samples" / "000400.jpg").write_bytes(b"jpeg")
    card = {
        "sha256": "cc",
        "train_seconds": 9.0,
        "patches_per_second": 7.4,
        "rollbacks": [{"step": 60, "reason": "inverted"}, {"step": 80, "reason": "constant"}],
        "warning": None,
    }
    with training(on) as run:
        run.finish(card, out)
    tags = dict(rows("select key, value from tags"))
    assert tags[tracking.CHECKPOINT] == "cc"
    assert tags[tracking.ROLLBACKS] == "step 60: inverted\nstep 80: constant"
    assert tracking.WARNING not in tags
    assert ("rollbacks", 2.0) in rows("select key, value from metrics")
    assert tags[tracking.PAIR] == "phone_dslr"
    assert ("patches_per_second", 7.4) in rows("select key, value from metrics")
    assert list(tmp_path.glob("mlruns/*/*/artifacts/samples/000400.jpg"))


def test_without_a_uri_or_a_matching_run_nothing_is_recorded(on: config.Run) -> None:
    train(OFF, range(60))
    tracking.find_run(on, "unknown").metrics({"a": 1.0})
    assert rows("select count(*) from runs") == rows("select count(*) from metrics") == [(0,)]


def test_an_unreachable_server_is_one_warning_and_no_error(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.WARNING, "wespe"):
        train(config.Run(tracking="http://127.0.0.1:9"), range(200))
    assert len([record for record in caplog.records if record.name == "wespe.tracking"]) == 1


def test_a_record_that_breaks_midway_stops_with_one_warning(
    on: config.Run, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, "wespe"),
        training(on) as run,
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
from wespe import config, tracking
from wespe.recipes.wespe import WespeRecipe

def train(number):
    pair = config.Pair(source="phone", target="dslr", recipe="short")
    settings = config.Run(tracking="sqlite:///mlflow.db")
    recipe, key = WespeRecipe(), str(number)
    with tracking.training(settings, "a", pair, recipe, seed=0, state_key=key) as run:
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
