"""The record of runs: one run a training, whatever happens to the training or to MLflow."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import requests

from tests.made import card, domain, rating, summary
from tests.servers import serving
from wespe.core.files import BusyError
from wespe.photos.images import write_photo
from wespe.pipeline import tracking
from wespe.pipeline.tracking import recording
from wespe.results.cards import Domains, Rollback
from wespe.results.evaluations import EvaluationSummary, MetricMean
from wespe.results.means import Mean
from wespe.results.ratings import MethodScore
from wespe.settings import params as config
from wespe.training.methods.settings import Generator
from wespe.training.methods.wespe.settings import WespeRecipe

TRAINED_BY = {
    **config.Pair(source="phone", target="dslr", recipe="short").model_dump(),
    **WespeRecipe(steps=400, generator=Generator(width=32)).model_dump(),
    "seed": 0,
}
OFF = config.Run(tracking="")


def training(settings: config.Run, key: str = "k1") -> AbstractContextManager[tracking.Run]:
    return tracking.training(settings, "phone_dslr", TRAINED_BY, state_key=key)


def train(settings: config.Run, steps: range, *, key: str = "k1", sha256: str = "") -> None:
    with training(settings, key) as run:
        for step in steps:
            run.log(step, {"content": step / 2, "tv": 1.0})
        if sha256:
            run.tag({tracking.CHECKPOINT: sha256})


def rows(query: str) -> list[tuple[Any, ...]]:
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


def test_the_run_of_a_process_at_work_is_left_to_it(on: config.Run) -> None:
    with training(on):
        with pytest.raises(BusyError), training(on):
            raise BusyError
        assert rows("select status from runs") == [("RUNNING",)]
    assert rows("select status from runs") == [("FINISHED",)]


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
    write_photo(out / "samples" / "000400.jpg", np.zeros((8, 24, 3), np.uint8))
    rates = {"generator": 0.5}
    made = card(
        sha256="cc",
        data=Domains(source=domain(sha256="5a"), target=domain(sha256="7b")),
        patches_per_second=7.4,
        rollbacks=(
            Rollback(step=60, to_step=40, reason="inverted", rates=rates),
            Rollback(step=80, to_step=40, reason="constant", rates=rates),
        ),
    )
    with training(on) as run:
        run.finish(made, out)
    tags = dict(rows("select key, value from tags"))
    assert tags[tracking.CHECKPOINT] == "cc"
    assert (tags["wespe.source.sha256"], tags["wespe.target.sha256"]) == ("5a", "7b")
    assert tags[tracking.ROLLBACKS] == "step 60: inverted\nstep 80: constant"
    assert tracking.WARNING not in tags
    assert ("rollbacks", 2.0) in rows("select key, value from metrics")
    assert tags[tracking.PAIR] == "phone_dslr"
    assert ("patches_per_second", 7.4) in rows("select key, value from metrics")
    assert list(tmp_path.glob("mlruns/*/*/artifacts/samples/000400.jpg"))


def evaluated(out: Path, **changes: object) -> EvaluationSummary:
    """An evaluation's folder and summary, of one photo."""
    for kind in ("pictures", "crops"):
        (out / kind).mkdir(parents=True)
        write_photo(out / kind / "a b(1).enhanced.jpg", np.zeros((8, 8, 3), np.uint8))
    for name in ("images.csv", "summary.json"):
        (out / name).write_text("")
    found = {"psnr_db": 21.5, "ssim": None}
    methods = {
        "enhanced": {name: MetricMean(mean=mean, std=None, n=1) for name, mean in found.items()}
    }
    made: dict[str, Any] = {"methods": methods} | changes
    return summary(gallery=("a b(1)",), **made)


def test_runs_of_several_pairs_have_the_same_metrics_and_pictures(
    on: config.Run, tmp_path: Path
) -> None:
    for number, pair in enumerate(("one", "two")):
        train(on, range(1), key=pair, sha256=pair)
        out = tmp_path / pair
        tracking.find_run(on, pair).evaluation(evaluated(out), out, main=number == 0)
    metrics = rows(
        "select t.value, m.key from metrics m join tags t using (run_uuid)"
        " where t.key = 'wespe.state_key' and m.key like '%enhanced%' order by 1, 2"
    )
    named = [(pair, "scenes.enhanced.psnr_db") for pair in ("one", "two")]
    assert metrics == [("one", "enhanced.psnr_db"), *named]
    kept = [path.relative_to(tmp_path).parts[4:] for path in tmp_path.glob("mlruns/**/*.*")]
    assert kept.count(("scenes", "summary.json")) == 2
    assert kept.count(("scenes", "crops", "a b(1).enhanced.jpg")) == 2
    # What MLflow lays side by side, a picture and its small version.
    assert sum(parts[0] == "images" for parts in kept) == 4


def test_ratings_have_the_same_names_for_all_pairs(on: config.Run, tmp_path: Path) -> None:
    out = tmp_path / "ratings" / "faves"
    out.mkdir(parents=True)
    for name in ("scores.csv", "summary.json"):
        (out / name).write_text("")
    methods = {
        "original": MethodScore(mean=0.5, std=None, n=1),
        "enhanced": MethodScore(mean=0.6, std=None, n=1, difference=Mean(mean=0.1, std=None, n=1)),
    }
    made = rating(methods, metric="ffs_simulated_viewers")
    for number, pair in enumerate(("one", "two")):
        train(on, range(1), key=pair, sha256=pair)
        run = tracking.find_run(on, pair)
        run.rating(made, out, main=number == 0)
    metrics = rows(
        "select t.value, m.key, m.value from metrics m join tags t using (run_uuid)"
        " where t.key = 'wespe.state_key' and m.key like '%enhanced%' order by 1, 2"
    )
    names = {"ffs_simulated_viewers": 0.6, "ffs_simulated_viewers_change": 0.1}
    assert metrics == [
        *(("one", f"enhanced.{name}", value) for name, value in names.items()),
        *(("one", f"scenes.enhanced.{name}", value) for name, value in names.items()),
        *(("two", f"scenes.enhanced.{name}", value) for name, value in names.items()),
    ]
    assert len(list(tmp_path.glob("mlruns/*/*/artifacts/ratings/faves/scores.csv"))) == 2


def test_a_rater_does_not_open_a_pipeline_run_that_has_ended(
    on: config.Run, tmp_path: Path
) -> None:
    params = PARAMS.model_copy(update={"run": on})
    pipeline = tracking.pipeline_key(params)
    nested(on, params, "k1", "aa")
    tracking.record_report(params, files=[], tables=tmp_path / "none", checkpoints=["aa"])
    with tracking.training(
        on, "ffs", {"epochs": 2}, state_key="k2", pipeline=pipeline, tag=tracking.RATER
    ) as run:
        run.tag({tracking.CHECKPOINT: "bb"})
    (_, name, status), (_, same, _) = above()
    assert (status, name) == ("FINISHED", same)


PARAMS = config.Params(
    sources={}, recipes={}, pairs={}, evaluations={}, run=config.Run(name="demo")
)


def nested(on: config.Run, params: config.Params, key: str, sha256: str) -> None:
    """A training as a stage of a pipeline run."""
    pipeline = tracking.pipeline_key(params)
    with tracking.training(on, key, TRAINED_BY, state_key=key, pipeline=pipeline) as run:
        run.tag({tracking.CHECKPOINT: sha256})


def above() -> list[tuple[object, ...]]:
    """Name and status of each run's parent, by its checkpoint."""
    return rows(
        "select c.value, p.name, p.status from tags c join tags t using (run_uuid)"
        " join runs p on p.run_uuid = t.value"
        " where c.key = 'wespe.checkpoint_sha256' and t.key = 'mlflow.parentRunId' order by 1"
    )


def test_pairs_of_one_pipeline_run_share_a_parent_that_the_report_closes(
    on: config.Run, tmp_path: Path
) -> None:
    params = PARAMS.model_copy(update={"run": on})
    nested(on, params, "k1", "aa")
    nested(on, params, "k2", "bb")
    parents = above()
    assert [(checkpoint, status) for checkpoint, _, status in parents] == [
        ("aa", "RUNNING"),
        ("bb", "RUNNING"),
    ]
    assert parents[0][1] == parents[1][1]
    page, tables = tmp_path / "report.html", tmp_path / "tables"
    page.write_text("page")
    tables.mkdir()
    (tables / "scenes.md").write_text("table")
    tracking.record_report(params, files=[page], tables=tables, checkpoints=["aa", "bb"])
    assert {status for _, _, status in above()} == {"FINISHED"}
    assert list(tmp_path.glob("mlruns/*/*/artifacts/report.html"))
    assert list(tmp_path.glob("mlruns/*/*/artifacts/tables/scenes.md"))


@pytest.mark.slow
def test_other_settings_are_another_pipeline_run_that_takes_over_what_it_uses(
    on: config.Run, tmp_path: Path
) -> None:
    first = PARAMS.model_copy(update={"run": on})
    second = first.model_copy(update={"run": on.model_copy(update={"seed": 1})})
    elsewhere = first.model_copy(update={"run": on.model_copy(update={"devices": 2})})
    assert tracking.pipeline_key(first) == tracking.pipeline_key(elsewhere)
    nested(on, first, "k1", "aa")
    nested(on, second, "k2", "bb")
    assert len({name for _, name, _ in above()}) == 2
    tracking.record_report(second, files=[], tables=tmp_path / "none", checkpoints=["aa", "bb"])
    assert len({name for _, name, _ in above()}) == 1


def test_a_failed_pair_fails_its_pipeline_run(on: config.Run) -> None:
    params = PARAMS.model_copy(update={"run": on})
    with (
        pytest.raises(ZeroDivisionError),
        tracking.training(
            on, "a", TRAINED_BY, state_key="k", pipeline=tracking.pipeline_key(params)
        ),
    ):
        _ = 1 / 0
    assert rows("select status from runs") == [("FAILED",), ("FAILED",)]


def test_without_a_uri_or_a_matching_run_nothing_is_recorded(on: config.Run) -> None:
    train(OFF, range(60))
    tracking.find_run(on, "unknown").metrics({"a": 1.0})
    assert rows("select count(*) from runs") == rows("select count(*) from metrics") == [(0,)]


def _refuse() -> NoReturn:
    """Fail as MLflow's client does where no server answers."""
    from mlflow.exceptions import MlflowException

    try:
        raise requests.ConnectionError("refused")
    except requests.ConnectionError:
        raise MlflowException("API request failed") from None


def test_an_unreachable_server_is_waited_for_and_no_error(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(recording, "AWAIT_S", 0.1)
    monkeypatch.setattr(recording, "PAUSE_S", 0.1)
    with caplog.at_level(logging.WARNING, "wespe"):
        train(config.Run(tracking="http://127.0.0.1:9"), range(200))
    said = [record.message for record in caplog.records if "tracking" in record.name]
    assert len(said) == 2
    assert "waiting for it" in said[0]
    assert "continues without a record" in said[1]


def test_a_server_that_nobody_vouches_for_is_named_and_not_waited_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.WARNING, "wespe"), serving(b"", unknown=True) as server:
        train(config.Run(tracking=server.url.removesuffix("/data.gz")), range(200))
    [said] = [record.message for record in caplog.records if "tracking" in record.name]
    assert "continues without a record" in said
    assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in said


def test_nothing_is_lost_by_a_server_that_starts_after_the_training(
    on: config.Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow.tracking import MlflowClient

    find, calls = MlflowClient.get_experiment_by_name, list[str]()

    def not_yet(client: MlflowClient, name: str) -> Any:
        calls.append(name)
        if len(calls) < 4:
            _refuse()
        return find(client, name)

    monkeypatch.setattr(MlflowClient, "get_experiment_by_name", not_yet)
    monkeypatch.setattr(recording, "PAUSE_S", 0.0)
    with caplog.at_level(logging.WARNING, "wespe"):
        train(on, range(60))
    assert rows("select count(*) from metrics") == [(120,)]
    assert ["waiting for it" in record.message for record in caplog.records] == [True]


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
    assert len([record for record in caplog.records if "tracking" in record.name]) == 1


def test_another_job_may_make_the_experiment_at_the_same_moment(
    on: config.Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow.tracking import MlflowClient

    make = MlflowClient.create_experiment

    def second(client: MlflowClient, name: str) -> str:
        make(client, name)
        return make(client, name)  # MLflow refuses it: RESOURCE_ALREADY_EXISTS

    monkeypatch.setattr(MlflowClient, "create_experiment", second)
    train(on, range(60))
    assert rows("select count(*) from metrics") == [(120,)]
    assert not caplog.records


def test_two_jobs_that_start_at_once_agree_on_one_run_of_the_pipeline(
    on: config.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    params = PARAMS.model_copy(update={"run": on})
    make, earlier = MlflowClient.create_run, list[str]()

    def second(client: MlflowClient, experiment: str, **values: Any) -> Any:
        if tracking.PIPELINE in values["tags"] and not earlier:
            earlier.append(make(client, experiment, start_time=1, **values).info.run_id)
        return make(client, experiment, **values)

    monkeypatch.setattr(MlflowClient, "create_run", second)
    key = tracking.pipeline_key(params)
    with tracking.training(on, "a", TRAINED_BY, state_key="k", pipeline=key):
        pass
    alive = (
        "select run_uuid from runs join tags using (run_uuid)"
        f" where lifecycle_stage = 'active' and key = '{tracking.PIPELINE}'"
    )
    assert rows(alive) == [(earlier[0],)]
    assert rows(f"select value from tags where key = '{tracking.PARENT}'") == [(earlier[0],)]


def test_what_is_recorded_while_a_server_is_away_is_sent_once_it_is_back(
    on: config.Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow.tracking import MlflowClient

    send, calls = MlflowClient.log_batch, list[int]()

    def away(client: MlflowClient, run: str, *values: Any, **more: Any) -> None:
        calls.append(len(calls))
        if calls[-1] == 1:  # after the parameters
            _refuse()
        send(client, run, *values, **more)

    monkeypatch.setattr(MlflowClient, "log_batch", away)
    with caplog.at_level(logging.WARNING, "wespe"):
        train(on, range(600))
    assert rows("select count(distinct step) from metrics where key = 'tv'") == [(600,)]
    assert ["sent later" in record.message for record in caplog.records] == [True]


@pytest.mark.slow
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
from wespe.pipeline import tracking
from wespe.settings import params as config

def train(number):
    settings = config.Run(tracking="sqlite:///mlflow.db")
    with tracking.training(settings, "a", {"steps": 1}, state_key=str(number)) as run:
        run.log(1, {"tv": 1.0})

fork = multiprocessing.get_context("fork")
started = [fork.Process(target=train, args=[number]) for number in range(4)]
for process in started:
    process.start()
for process in started:
    process.join()
raise SystemExit(max(process.exitcode for process in started))
"""


@pytest.mark.slow
def test_importing_tracking_does_not_import_mlflow() -> None:
    program = "import sys, wespe.pipeline.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
