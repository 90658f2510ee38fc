"""A client of MLflow, and what happens where there is none."""

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from wespe.core.files import lock
from wespe.core.loopback import past_proxies
from wespe.pipeline.tracking.places import file_of, keep_relative

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHECKPOINT = "wespe.checkpoint_sha256"
_log = logging.getLogger("wespe.pipeline.tracking")


def connect(uri: str, experiment: str) -> tuple["MlflowClient", str]:
    """A client and the experiment's id; both the database and the experiment are made if needed."""
    client = client_of(uri)
    with alone(uri):
        known = client.get_experiment_by_name(experiment)
        if known:
            return client, known.experiment_id
        once(lambda: client.create_experiment(experiment))
        keep_relative(uri)
        made = client.get_experiment_by_name(experiment)
        assert made
        return client, made.experiment_id


def once(make: Callable[[], object]) -> None:
    """Have MLflow make something that has a name, unless another job has just made it."""
    from mlflow.exceptions import MlflowException

    try:
        make()
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def client_of(uri: str) -> "MlflowClient":
    """A client; a database is made if needed."""
    # MLflow reads these when it is imported. A server that starts meanwhile or takes a break is
    # waited for half a minute; MLflow itself would wait for four.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    past_proxies(uri)
    from mlflow.tracking import MlflowClient

    # Two processes that create the same SQLite file at once break it for good.
    with alone(uri):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        keep_relative(uri)
        return client


def exists(uri: str) -> bool:
    """Whether there is something to read: false for no tracking and for a file not yet made."""
    database = file_of(uri)
    return bool(uri) and (database is None or database.is_file())


def alone(uri: str) -> AbstractContextManager[None]:
    """Keep this program's other processes on this machine from a SQLite file; nothing elsewhere."""
    database = file_of(uri)
    if database is None:
        return nullcontext()
    return lock(database.with_name(f"{database.name}.lock"), wait=True)


def search(client: "MlflowClient", experiment_id: str, tag: str, value: str) -> list[Any]:
    """The runs of an experiment with a tag, the latest first."""
    return list(client.search_runs([experiment_id], f"tags.`{tag}` = '{value}'"))


def unreachable(error: Exception) -> bool:
    """Whether a server did not answer, or answered that it cannot now, however often it was asked.

    False for what it refuses, for one that cannot show who it is, and for files.
    """
    from requests import RequestException

    return isinstance(error.__context__, RequestException) and not _distrusted(error)


def _distrusted(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def await_server(error: Exception, seconds: float) -> None:
    """Warn that MLflow's server is away, and for how long it is waited for."""
    _log.warning(
        "MLflow's server cannot be reached; waiting for it, %d s at most: %s", seconds, error
    )


def put_off(error: Exception) -> None:
    """Warn that MLflow's server is away, and that what is to be recorded is kept for later."""
    _log.warning("MLflow's server cannot be reached; what is recorded is sent later: %s", error)


def give_up(error: Exception) -> None:
    """Warn that MLflow failed and the work continues."""
    advice = ""
    if _distrusted(error):
        advice = (
            "\nNo authority that this machine knows vouches for the server: expected the address "
            "that its certificate is for, or the authority's file in "
            "MLFLOW_TRACKING_SERVER_CERT_PATH"
        )
    _log.warning("MLflow failed; the work continues without a record: %s%s", error, advice)
