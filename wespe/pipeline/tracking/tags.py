"""The tags of runs and model versions, of which data and networks are found again."""

from wespe.pipeline.tracking.connection import CHECKPOINT
from wespe.results.cards import Domain, ModelCard, NetworkCard
from wespe.results.rater_card import RaterCard, RaterData

_KEYS = ("pair", "source", "target", "rater", "kind", "label", "code_version", "code_commit")
PAIR = "wespe.pair"
RATER = "wespe.rater"
STATE = "wespe.state_key"
ROLLBACKS = "wespe.rollbacks"
WARNING = "wespe.warning"
PIPELINE = "wespe.pipeline"
"""Of the run of a whole pipeline: the hash of its settings."""
PARENT = "mlflow.parentRunId"
"""MLflow's own, by which its pages nest runs."""


def card_tags(card: NetworkCard | RaterCard) -> dict[str, str]:
    """What a run and a model version say of a network or rater: its hash, its data, their versions.

    A rater has one set of data, the photos that it learned from.
    """
    tags = {CHECKPOINT: card.sha256}
    tags |= {f"wespe.{key}": getattr(card, key) for key in _KEYS if hasattr(card, key)}
    data: dict[str, Domain | RaterData] = {}
    if isinstance(card, RaterCard):
        data = {"photos": card.data}
    elif card.imported:
        tags |= {f"wespe.{key}": getattr(card.imported, key) for key in ("origin", "licence")}
    if isinstance(card, ModelCard):
        data = {"source": card.data.source, "target": card.data.target}
        tags["wespe.method"] = card.method
    for role, domain in data.items():
        for key in ("sha256", "licence", "simulated"):
            tags[f"wespe.{role}.{key}"] = str(getattr(domain, key))
    return {key: value for key, value in tags.items() if value}
