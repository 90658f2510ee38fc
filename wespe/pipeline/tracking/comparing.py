"""Where MLflow's own page compares what a run of the pipeline has trained."""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from wespe.pipeline.tracking.connection import client_of, exists, give_up, search
from wespe.pipeline.tracking.pipeline import pipeline_key
from wespe.pipeline.tracking.places import file_of
from wespe.pipeline.tracking.tags import PAIR, PARENT, PIPELINE

if TYPE_CHECKING:
    from wespe.settings import params as config

_PORT = 5000  # of `mlflow ui`, where nobody chooses another


def comparison(params: "config.Params") -> list[str]:
    """The address of the page that compares the pairs of a run, and what serves it, a line each.

    With one pair, the address is that of its run. Nothing where the run has no record.
    """
    uri = params.run.tracking
    if not exists(uri):
        return []
    try:
        page = _page(params)
    except Exception as error:
        give_up(error)
        return []
    if not page:
        return []
    if uri.startswith(("http://", "https://")):
        return [f"Compare in MLflow: {uri.rstrip('/')}/#/{page}"]
    shown = uri if file_of(uri) else f"'{uri}'"  # the shell may know signs of other databases
    return [
        f"Compare in MLflow: http://127.0.0.1:{_PORT}/#/{page}",
        f"  while this runs: mlflow ui --port {_PORT} --backend-store-uri {shown}",
    ]


def _page(params: "config.Params") -> str:
    client = client_of(params.run.tracking)
    experiment = client.get_experiment_by_name(params.run.name)
    if experiment is None:
        return ""
    number = experiment.experiment_id
    parents = search(client, number, PIPELINE, pipeline_key(params))
    if not parents:
        return ""
    below = search(client, number, PARENT, parents[-1].info.run_id)
    runs = [run.info.run_id for run in reversed(below) if PAIR in run.data.tags]
    if len(runs) < 2:
        return "".join(f"experiments/{number}/runs/{run}/model-metrics" for run in runs)
    query = {"runs": runs, "experiments": [number]}
    return f"compare-runs?{urlencode({key: json.dumps(ids) for key, ids in query.items()})}"
