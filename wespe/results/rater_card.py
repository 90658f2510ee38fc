"""The card of a rater: what it is, what it learned from, how good it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wespe.results.cards import Environment
from wespe.results.record import Record
from wespe.results.score import Better


@dataclass(frozen=True, kw_only=True)
class RaterData(Record):
    """The photos that a rater learned from."""

    source: str
    """The name of the source."""
    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels or opinions are simulated."""
    licence: str
    """The terms of the photos; `not stated` if nobody has stated them."""
    photos: int
    """The number of photos."""
    sha256: str
    """The SHA-256 of the source's index and tables, which identifies its version."""


@dataclass(frozen=True, kw_only=True)
class RaterCard(Environment):
    """The card of a rater, beside `rater.safetensors`."""

    what: ClassVar[str] = "the card of a rater"
    where: ClassVar[str] = "results/raters/NAME/rater.json"

    rater: str
    """The name of the rater in the settings."""
    kind: str
    """Its kind, such as `ffs`."""
    label: str
    """The heading of its column."""
    better: Better | None
    """Which direction of its score is better."""
    settings: Mapping[str, Any]
    """All settings of the rater."""
    seed: int
    """The seed of all random choices."""
    compute: str
    """Device and precision, such as `cuda-bf16`."""
    data: RaterData
    """What it learned from."""
    says: tuple[str, ...]
    """How good it is, one sentence each."""
    figures: Mapping[str, Any]
    """What this kind of rater measured, see [Raters](raters.md#figures-in-the-card)."""
    intended_use: str
    """What it is for, as a sentence."""
    limits: tuple[str, ...]
    """What its scores do not show, one sentence each."""
    sha256: str
    """The SHA-256 of the rater's file, which identifies its version."""
