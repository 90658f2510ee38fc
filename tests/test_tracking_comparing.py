"""The address of the page where MLflow compares what a run has trained."""

import json
from urllib.parse import parse_qs

import pytest

from wespe.pipeline import tracking
from wespe.pipeline.tracking import connection
from wespe.settings import params as config

PARAMS = config.Params(
    sources={}, recipes={}, pairs={}, evaluations={}, run=config.Run(name="demo")
)


@pytest.fixture
def params(on: config.Run) -> config.Params:
    return PARAMS.model_copy(update={"run": on})


def train(params: config.Params, name: str, tag: str = tracking.PAIR) -> str:
    pipeline = tracking.pipeline_key(params)
    with tracking.training(params.run, name, {}, state_key=name, pipeline=pipeline, tag=tag) as run:
        run.tag({tracking.CHECKPOINT: name})
    client, experiment = connection.connect(params.run.tracking, params.run.name)
    [found] = connection.search(client, experiment, tracking.CHECKPOINT, name)
    return str(found.info.run_id)


def test_pairs_of_a_run_are_compared_in_their_order(params: config.Params) -> None:
    runs = [train(params, "first"), train(params, "second")]
    train(params, "ffs", tracking.RATER)
    link, command = tracking.comparison(params)
    start, _, query = link.partition("?")
    assert start == "Compare in MLflow: http://127.0.0.1:5000/#/compare-runs"
    given = {key: json.loads(value) for key, [value] in parse_qs(query).items()}
    assert (given["runs"], len(given["experiments"])) == (runs, 1)
    assert command.endswith(f"mlflow ui --port 5000 --backend-store-uri {params.run.tracking}")


def test_one_pair_is_shown_by_itself(params: config.Params) -> None:
    run = train(params, "first")
    assert tracking.comparison(params)[0].endswith(f"/runs/{run}/model-metrics")


def test_what_has_no_record_has_no_address(params: config.Params) -> None:
    assert tracking.comparison(params) == []
    off = params.model_copy(update={"run": config.Run(tracking="")})
    assert tracking.comparison(off) == []
    train(params, "first")
    other = params.model_copy(update={"run": params.run.model_copy(update={"seed": 7})})
    assert tracking.comparison(other) == []
