"""The run of a whole pipeline, above those of its pairs and raters; it has page and tables.

Stages are processes of their own, so each finds this run, or makes it, by a hash of the settings.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.pipeline.tracking.connection import CHECKPOINT, alone, connect, give_up, search
from wespe.pipeline.tracking.runs import create_run
from wespe.pipeline.tracking.tags import PARENT, PIPELINE

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from wespe.settings import params as config

# They decide who does the work and where it is noted, not what comes out.
_NO_PART_OF_THE_RUN = {"tracking", "devices", "nodes", "compile"}


def pipeline_key(params: "config.Params") -> str:
    """A hash of the settings, by which all stages of one pipeline run find the same record."""
    tree = params.model_dump(mode="json", exclude={"run": _NO_PART_OF_THE_RUN})
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def pipeline_run(
    client: "MlflowClient",
    experiment_id: str,
    settings: "config.Run",
    key: str,
    *,
    opened: bool = True,
) -> str:
    """The id of the run of the pipeline whose settings hash to `key`; made where it is not there.

    `opened`: one that has ended is marked as running again.
    """
    # Between the look and the making nobody else on this machine may make it.
    with alone(settings.tracking):
        found = _found(client, experiment_id, key)
        if not found:
            tags = {PIPELINE: key, "mlflow.note.content": _NOTE}
            name = f"{settings.name} {key[:6]}"
            made = create_run(client, experiment_id, name, tags)
            # Jobs on other machines, with a server, may have made one at the same time.
            first = (_found(client, experiment_id, key) or [made])[0]
            if first != made:
                client.delete_run(made)
            return first
    if opened:
        client.update_run(found[0], status="RUNNING")
    return found[0]


def _found(client: "MlflowClient", experiment_id: str, key: str) -> list[str]:
    """The ids of the runs of a pipeline, the one that all jobs agree on first."""
    found = search(client, experiment_id, PIPELINE, key)
    ordered = sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
    return [run.info.run_id for run in ordered]


_NOTE = (
    "A run of the pipeline. Below it are its pairs and raters; its artifacts are the page and the "
    "tables."
)


def record_report(
    params: "config.Params", *, files: Iterable[Path], tables: Path, checkpoints: Iterable[str]
) -> None:
    """Close the pipeline's run with `files` and the folder `tables`, where there is one.

    `checkpoints`, the hashes of all its networks and raters, say which runs belong below it: also
    those that an earlier run of the pipeline has trained, since nothing is trained twice.
    """
    settings = params.run
    if not settings.tracking:
        return
    try:
        client, experiment_id = connect(settings.tracking, settings.name)
        key = pipeline_key(params)
        parent = pipeline_run(client, experiment_id, settings, key)
        # Clocks that differ may have left more than one.
        for other in _found(client, experiment_id, key)[1:]:
            for run in search(client, experiment_id, PARENT, other):
                client.set_tag(run.info.run_id, PARENT, parent)
            client.delete_run(other)
        for checkpoint in checkpoints:
            for run in search(client, experiment_id, CHECKPOINT, checkpoint)[:1]:
                client.set_tag(run.info.run_id, PARENT, parent)
        for file in files:
            client.log_artifact(parent, str(file))
        if tables.is_dir():
            client.log_artifacts(parent, str(tables), "tables")
        client.set_terminated(parent)
    except Exception as error:
        give_up(error)
