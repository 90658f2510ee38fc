"""What the numbers of photos say: the best of a column, and paired differences in words."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

from wespe.judging.metrics.registry import METRICS
from wespe.results.evaluations import ImageRow, Measured
from wespe.results.score import Score
from wespe.results.statistics import FEWEST, Difference

ByPhoto = Mapping[str, Mapping[str, float]]
"""Photo → method → value, of a photo with crops their mean."""


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


def by_part(images: Sequence[ImageRow], name: str) -> dict[Measured, dict[str, float]]:
    """Photo or crop → method → value of a metric; identical pairs and missing values are left
    out."""
    parts: dict[Measured, dict[str, float]] = {}
    for row in images:
        value = row.values.get(name)
        if is_number(value) and not row.identical:
            parts.setdefault(row.of, {})[row.method] = value
    return parts


def by_photo(images: Sequence[ImageRow], name: str) -> dict[str, dict[str, float]]:
    """Photo → method → value of a metric, as `by_part`; of a photo with crops the mean of those
    that have a value by this method."""
    values: dict[str, dict[str, list[float]]] = {}
    for part, methods in by_part(images, name).items():
        for method, value in methods.items():
            values.setdefault(part.photo, {}).setdefault(method, []).append(value)
    return {
        photo: {method: sum(found) / len(found) for method, found in methods.items()}
        for photo, methods in values.items()
    }


def count_in_words(parts: Collection[Measured]) -> str:
    """How many photos these are, or crops and of how many photos: "66 crops of 22 photos"."""
    photos, crops = len({part.photo for part in parts}), len(parts)
    of_photos = f"{photos:,} photo{'s' if photos != 1 else ''}"
    if not any(part.corner for part in parts):
        return of_photos
    return f"{crops:,} crop{'s' if crops != 1 else ''} of {of_photos}"


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
    return f"{value:+.2f}".replace("-", "−")


def title(method: str) -> str:
    """A method's name as a reader sees it."""
    return method.replace("_", " ")
