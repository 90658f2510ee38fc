"""What the rows of an evaluation say: the means, and the photos that gained least and most."""

from collections.abc import Sequence

import numpy as np

from wespe.judging.metrics.registry import METRICS
from wespe.results.evaluations import Extremes, ImageRow, Statistic
from wespe.results.methods import ENHANCED, ORIGINAL
from wespe.results.statistics import mean_and_std

_EXTREMES = 2


def extremes_of(images: Sequence[ImageRow], metrics: Sequence[str]) -> Extremes:
    """The photos that gained least and most by being enhanced, at most two each.

    Gains are those of the first of `metrics` with a direction that the photos have; that of a photo
    with crops is the mean of theirs.
    """
    for name in metrics:
        sign = {"higher": 1, "lower": -1}.get(METRICS[name].shown.better or "", 0)
        before, after = (_values(images, method, name) for method in (ORIGINAL, ENHANCED))
        gains = {file: sign * (after[file] - before[file]) for file in before if sign}
        order = sorted((file for file in gains if np.isfinite(gains[file])), key=gains.__getitem__)
        if len(order) > 1:
            most = min(_EXTREMES, len(order) // 2)
            return Extremes(
                metric=name, worst=tuple(order[:most]), best=tuple(order[: -most - 1 : -1])
            )
    return Extremes()


def _values(images: Sequence[ImageRow], method: str, metric: str) -> dict[str, float]:
    """File → mean value of its rows, without those that equal their reference or have none."""
    values: dict[str, list[float]] = {}
    for row in images:
        value = row.values.get(metric)
        if row.method == method and not row.identical and value is not None:
            values.setdefault(row.image, []).append(value)
    return {file: float(np.mean(found)) for file, found in values.items()}


def statistics_of(images: Sequence[ImageRow]) -> dict[str, dict[str, Statistic]]:
    """Mean and standard deviation over the rows, by method and metric."""
    values: dict[str, dict[str, list[float]]] = {}
    for row in images:
        if not row.identical:
            for name, value in row.values.items():
                if value is not None:
                    values.setdefault(row.method, {}).setdefault(name, []).append(value)
    return {
        method: {name: _statistic(metrics[name]) for name in metrics}
        for method, metrics in values.items()
    }


def _statistic(values: Sequence[float]) -> Statistic:
    finite = [value for value in values if np.isfinite(value)]
    mean, std = mean_and_std(finite)
    return Statistic(mean=mean, std=std, n=len(finite), n_infinite=len(values) - len(finite))
