"""The record of a training, of a pair's network or of a rater: a run, from its start to its end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from wespe.core.files import BusyError
from wespe.core.flat import flat
from wespe.pipeline.tracking.connection import (
    CHECKPOINT,
    await_server,
    connect,
    give_up,
    search,
    unreachable,
)
from wespe.pipeline.tracking.pipeline import pipeline_run
from wespe.pipeline.tracking.runs import Run, create_run
from wespe.pipeline.tracking.tags import PAIR, PARENT, STATE

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from wespe.settings import params as config

_PARAMS_A_CALL = 100
AWAIT_S = 180.0  # how long a training waits for a server before it goes without a record
PAUSE_S = 2.0


@contextmanager
def training(
    settings: "config.Run",
    name: str,
    params: Mapping[str, Any],
    *,
    state_key: str,
    pipeline: str = "",
    tag: str = PAIR,
) -> Iterator[Run]:
    """The record of the training of `name`, a pair, closed with its outcome.

    `settings.tracking` is MLflow's URI, empty for no record, and `settings.name` the experiment;
    `params` is what it is trained by. A training that goes on after a stop, which its `state_key`
    tells, goes on with its run. `pipeline`: the `pipeline_key` of the run above it, empty for none.
    `tag`: what `name` names, the tag RATER for a rater. After a BusyError the run is left alone.
    """
    record = Run()
    if settings.tracking:
        begin = partial(_begin, settings, name, {tag: name, STATE: state_key}, pipeline, params)
        record = _once_it_answers(begin)
    try:
        yield record
    except BusyError:  # The run is that of the process that is at it.
        raise
    except BaseException as error:
        record.end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    record.end("FINISHED")


def find_run(settings: "config.Run", checkpoint_sha256: str) -> Run:
    """The run that trained a checkpoint, or one that records nothing if there is none."""
    if settings.tracking:
        try:
            client, experiment_id = connect(settings.tracking, settings.name)
            for found in search(client, experiment_id, CHECKPOINT, checkpoint_sha256):
                return Run(client, found.info.run_id)
        except Exception as error:
            give_up(error)
    return Run()


def _once_it_answers(begin: Callable[[], Run]) -> Run:
    """The run that `begin` makes; one that records nothing if MLflow fails or stays away.

    A server that starts at the same time as the jobs may need some minutes on a busy machine.
    """
    until_s: float | None = None
    while True:
        try:
            return begin()
        except Exception as error:
            if not unreachable(error) or (until_s and time.monotonic() >= until_s):
                give_up(error)
                return Run()
            if until_s is None:
                until_s = time.monotonic() + AWAIT_S
                await_server(error, AWAIT_S)
            time.sleep(PAUSE_S)


def _begin(
    settings: "config.Run",
    name: str,
    tags: Mapping[str, str],
    pipeline: str,
    params: Mapping[str, Any],
) -> Run:
    from mlflow.entities import Param

    client, experiment_id = connect(settings.tracking, settings.name)
    # The report closes the pipeline's run, and waits for all pairs, but not for every rater.
    opened = PAIR in tags
    parent = (
        pipeline_run(client, experiment_id, settings, pipeline, opened=opened) if pipeline else ""
    )
    nested = {PARENT: parent} if parent else {}
    for found in search(client, experiment_id, STATE, tags[STATE]):
        if found.info.status != "FINISHED":
            run_id = found.info.run_id
            client.update_run(run_id, status="RUNNING")
            for key, value in nested.items():
                client.set_tag(run_id, key, value)
            return Run(client, run_id, _last_step(client, found), parent)
    made = create_run(client, experiment_id, name, {**tags, **nested})
    pairs = [Param(key, str(value)) for key, value in flat(params)]
    for start in range(0, len(pairs), _PARAMS_A_CALL):
        client.log_batch(made, params=pairs[start : start + _PARAMS_A_CALL])
    return Run(client, made, parent=parent)


def _last_step(client: "MlflowClient", found: Any) -> int:
    """The last recorded step, -1 for none; all values of a step are recorded in one call."""
    histories = (client.get_metric_history(found.info.run_id, key) for key in found.data.metrics)
    return max((metric.step for history in histories for metric in history), default=-1)
