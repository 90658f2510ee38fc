"""The tags of runs and model versions, of which data and networks are found again."""

from collections.abc import Mapping
from typing import Any

from wespe.pipeline.tracking.connection import CHECKPOINT

PAIR = "wespe.pair"
RATER = "wespe.rater"
STATE = "wespe.state_key"
ROLLBACKS = "wespe.rollbacks"
WARNING = "wespe.warning"
PIPELINE = "wespe.pipeline"
"""Of the run of a whole pipeline: the hash of its settings."""
PARENT = "mlflow.parentRunId"
"""MLflow's own, by which its pages nest runs."""


def card_tags(card: Mapping[str, Any]) -> dict[str, str]:
    """What a run and a model version say of a network: its hash, its data and their versions.

    A rater has one set of data, the photos that it learned from.
    """
    keys = (
        *("pair", "source", "target", "rater", "kind", "label"),
        *("origin", "licence", "code_version", "code_commit"),
    )
    tags = {f"wespe.{key}": str(card[key]) for key in keys if key in card}
    data = card.get("data", {})
    for role, domain in ({"photos": data} if "rater" in card else data).items():
        told = {key: domain.get(key) for key in ("sha256", "licence", "simulated")}
        tags |= {f"wespe.{role}.{key}": str(value) for key, value in told.items()}
    if "recipe" in card:
        tags["wespe.method"] = card["recipe"]["method"]
    return {CHECKPOINT: card["sha256"], **tags}
