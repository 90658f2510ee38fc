"""What the numbers of photos say: the best of a column, and paired differences in words."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

from wespe.core.words import number_of
from wespe.judging.metrics.registry import METRICS
from wespe.results.evaluations import Measured
from wespe.results.score import Score, typeset
from wespe.results.statistics import FEWEST, Difference


def shown(metric: str) -> Score:
    """How a metric is shown; one of an older version has no unit and no better direction."""
    known = METRICS.get(metric)
    return known.shown if known else Score(metric.replace("_", " "), decimals=3)


def best(means: Mapping[str, float | None], shown: Score) -> frozenset[str]:
    """The methods with the best of `means`, ties as printed included.

    There is no best without a direction, nor among fewer than two.
    """
    printed = {
        method: round(mean, shown.decimals) for method, mean in means.items() if is_number(mean)
    }
    if shown.better is None or len(printed) < 2:
        return frozenset()
    winner = max(printed.values()) if shown.better == "higher" else min(printed.values())
    return frozenset(method for method, mean in printed.items() if mean == winner)


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is a value that can be printed and drawn."""
    return value is not None and math.isfinite(value)


def count_in_words(parts: Collection[Measured]) -> str:
    """How many photos these are, or crops and of how many photos: "66 crops of 22 photos"."""
    photos, crops = len({part.photo for part in parts}), len(parts)
    of_photos = number_of(photos, "photo")
    if not any(part.corner for part in parts):
        return of_photos
    return f"{number_of(crops, 'crop')} of {of_photos}"


def verdict(parts: Collection[Measured], differences: Sequence[Difference], unit: str) -> str:
    """The differences in words, e.g. "Enhanced is 2.30 dB above original (95 % interval …) …".

    `parts`: the photos or crops that they are over.
    """
    said = [_in_words(difference, unit) for difference in differences]
    joined = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    text = f"Enhanced is {joined}, over {count_in_words(parts)}."
    if len({part.photo for part in parts}) < FEWEST:
        return f"{text} So few photos prove nothing."
    if undecided := [title(item.against) for item in differences if item.is_open]:
        names = ", ".join(undecided)
        text += (
            f" An interval includes zero: these photos do not distinguish enhanced from {names}."
        )
    return text


def _in_words(difference: Difference, unit: str) -> str:
    size = f"{abs(difference.mean):.2f}"
    side = "above" if difference.mean > 0 else "below"
    place = f"{size} {unit} {side}" if float(size) else "level with"
    text = f"{place} {title(difference.against)}"
    if difference.interval is None:
        return text
    low, high = (signed(value) for value in difference.interval)
    return f"{text} (95 % interval {low} to {high})"


def signed(value: float) -> str:
    """Two decimals with a sign, a true minus for negative ones."""
    return typeset(value, "+.2f")


def title(method: str) -> str:
    """A method's name as a reader sees it."""
    return method.replace("_", " ")
