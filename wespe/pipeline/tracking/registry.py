"""Networks as model versions in MLflow's registry: files and tags, no flavour, so no pickle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.pipeline.tracking.connection import (
    CHECKPOINT,
    alone,
    client_of,
    connect,
    exists,
    give_up,
    once,
    search,
)
from wespe.pipeline.tracking.runs import create_run
from wespe.pipeline.tracking.tags import card_tags
from wespe.results.cards import NetworkCard
from wespe.results.rater_card import RaterCard

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from wespe.settings import params as config

FOLDER = "network"
"""Where a run keeps its network and card: the artifacts of the model version."""


@dataclass(frozen=True)
class Version:
    """One network in the registry."""

    model: str
    version: str
    run_id: str
    tags: Mapping[str, str]


def register(
    settings: "config.Run", name: str, network: Path, card: NetworkCard | RaterCard
) -> Version | None:
    """Hold the file `network` as a version of the model `RUN-NAME`, once however often it is made.

    `card`, the JSON beside it, says what the version's tags do. The version belongs to the run that
    trained the network; one that no run trained, such as an imported one, gets a run of its own.
    None where tracking is off or fails.
    """
    if not settings.tracking:
        return None
    try:
        client, experiment_id = connect(settings.tracking, settings.name)
        model = f"{settings.name}-{name}"
        # Between the look and the making nobody else may make it.
        with alone(settings.tracking):
            for version in _find(client, card.sha256):
                if version.model == model:
                    return version
            run = client.get_run(_run_of(client, experiment_id, name, card.sha256))
            for file in (network, network.with_suffix(".json")):
                client.log_artifact(run.info.run_id, str(file), FOLDER)
            if not client.search_registered_models(f"name = '{model}'"):
                once(lambda: client.create_registered_model(model))
            source, tags = f"{run.info.artifact_uri}/{FOLDER}", card_tags(card)
            return _version(client.create_model_version(model, source, run.info.run_id, tags))
    except Exception as error:
        give_up(error)
        return None


def annotate(settings: "config.Run", checkpoint_sha256: str, tags: Mapping[str, object]) -> None:
    """Tag the versions of a network with what is known only after its training."""
    if not settings.tracking:
        return
    try:
        client = client_of(settings.tracking)
        for version in _find(client, checkpoint_sha256):
            for key, value in tags.items():
                client.set_model_version_tag(version.model, version.version, key, str(value))
    except Exception as error:
        give_up(error)


def versions(settings: "config.Run", checkpoints_sha256: Iterable[str]) -> dict[str, list[Version]]:
    """What the registry has of each network, the latest version of a model last; makes nothing."""
    wanted = list(checkpoints_sha256)
    if not wanted or not exists(settings.tracking):
        return {}
    try:
        client = client_of(settings.tracking)
        return {sha256: _find(client, sha256) for sha256 in wanted}
    except Exception as error:
        give_up(error)
        return {}


def _find(client: "MlflowClient", checkpoint_sha256: str) -> list[Version]:
    found = client.search_model_versions(f"tags.`{CHECKPOINT}` = '{checkpoint_sha256}'")
    ordered = sorted(found, key=lambda version: (version.name, int(version.version)))
    return [_version(version) for version in ordered]


def _version(made: Any) -> Version:
    return Version(made.name, str(made.version), made.run_id, dict(made.tags))


def _run_of(client: "MlflowClient", experiment_id: str, name: str, checkpoint_sha256: str) -> str:
    found = search(client, experiment_id, CHECKPOINT, checkpoint_sha256)
    if found:
        return str(found[0].info.run_id)
    made = create_run(client, experiment_id, name, {CHECKPOINT: checkpoint_sha256})
    client.set_terminated(made)
    return made
