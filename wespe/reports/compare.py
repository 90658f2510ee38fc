"""What the numbers of an evaluation say: the best of a table, and paired differences."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from wespe.judging.metrics.registry import METRICS
from wespe.results.reading import ImageRow
from wespe.results.records import Statistic

_RESAMPLES = 2000
_SEED = 0


# Fewer photos say nothing of others: resampling two of them still gives an interval.
_FEWEST = 6


@dataclass(frozen=True)
class Style:
    """How a metric is shown."""

    label: str
    unit: str
    better: Literal["higher", "lower"] | None
    decimals: int


def style(name: str) -> Style:
    """How the metric `name` is shown; one of an older version has no unit and no best."""
    known = METRICS.get(name)
    if known is None:
        return Style(name.replace("_", " "), "", None, 3)
    return Style(known.label, known.unit, known.better, known.decimals)


def best(methods: Mapping[str, Mapping[str, Statistic]], name: str) -> frozenset[str]:
    """The methods with the best mean of the metric `name`, ties as printed included.

    `target` does not compete; nor is there a best without a direction or among fewer than two.
    """
    how = style(name)
    rivals = {
        method: table[name].mean
        for method, table in methods.items()
        if method != "target" and name in table
    }
    means = {
        method: round(mean, how.decimals) for method, mean in rivals.items() if is_number(mean)
    }
    if how.better is None or len(means) < 2:
        return frozenset()
    winner = max(means.values()) if how.better == "higher" else min(means.values())
    return frozenset(method for method, mean in means.items() if mean == winner)


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is a value that can be printed and drawn."""
    return value is not None and math.isfinite(value)


@dataclass(frozen=True)
class Difference:
    """Mean over photos of a metric of `enhanced` minus that of `against`."""

    against: str
    mean: float
    interval: tuple[float, float] | None
    """The 95 % bootstrap interval of the mean; fewer than six photos have none."""

    @property
    def is_open(self) -> bool:
        """Whether the photos do not tell the two methods apart."""
        return self.interval is None or self.interval[0] <= 0 <= self.interval[1]


def by_photo(images: Sequence[ImageRow], name: str) -> dict[str, dict[str, float]]:
    """Photo → method → value of a metric; identical pairs and missing values are left out."""
    photos: dict[str, dict[str, float]] = {}
    for row in images:
        value = row.values.get(name)
        if is_number(value) and not row.identical:
            photos.setdefault(row.image, {})[row.method] = value
    return photos


def paired_differences(
    photos: Mapping[str, Mapping[str, float]], against: Sequence[str]
) -> tuple[int, list[Difference]]:
    """Compare `enhanced` with each of `against` on the photos that have a value of all.

    `photos` comes from `by_photo`. Returns the number of such photos, and the differences, none
    without a photo.
    """
    complete = [values for values in photos.values() if {"enhanced", *against} <= values.keys()]
    if not complete:
        return 0, []
    return len(complete), [
        _difference(method, [values["enhanced"] - values[method] for values in complete])
        for method in against
    ]


def _difference(against: str, differences: Collection[float]) -> Difference:
    values = np.asarray(list(differences), dtype=np.float64)
    interval = bootstrap_interval(values) if len(values) >= _FEWEST else None
    return Difference(against, float(values.mean()), interval)


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float] = lambda values: float(values.mean()),
    *,
    seed: int = _SEED,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a statistic, the mean, of `values` `(N,)`.

    Source: Efron, "Bootstrap methods: another look at the jackknife", 1979.
    """
    random = np.random.default_rng(seed)
    found = [statistic(random.choice(values, len(values))) for _ in range(_RESAMPLES)]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % percentile bootstrap interval of a mean; fewer than six values have none."""
    if len(values) < _FEWEST:
        return None
    numbers, random = np.asarray(values, np.float64), np.random.default_rng(_SEED)
    # In parts, since thousands of photos 2,000 times over would take a gigabyte.
    draw = (100, len(numbers))
    means = [numbers[random.integers(0, len(numbers), draw)].mean(1) for _ in range(20)]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)


def verdict(n: int, differences: Sequence[Difference], unit: str = "dB") -> str:
    """The differences in words, e.g. "Enhanced is 2.30 dB above original (95 % interval …) …"."""
    parts = [_in_words(difference, unit) for difference in differences]
    joined = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    text = f"Enhanced is {joined}, over {n:,} photo{'s' if n != 1 else ''}."
    if n < _FEWEST:
        return f"{text} So few photos prove nothing."
    if undecided := [title(item.against) for item in differences if item.is_open]:
        names = ", ".join(undecided)
        text += f" An interval includes zero: these photos do not tell enhanced from {names}."
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
