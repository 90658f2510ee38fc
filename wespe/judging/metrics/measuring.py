"""Chosen metrics of one photo."""

import math
from collections.abc import Iterable
from pathlib import Path

from wespe.judging.metrics.registry import METRICS
from wespe.photos.images import Pixels


def measure(
    photo: Pixels, reference: Pixels | None, metrics: Iterable[str], weights: Path | None = None
) -> dict[str, float]:
    """Those of `metrics` that can be had, in their order; without a reference, those without.

    `weights`: for metrics that need them, see `Metric`.
    """
    values = {}
    for name in metrics:
        metric = METRICS[name]
        if metric.needs_reference and reference is None:
            continue
        photos = (photo, reference) if metric.needs_reference else (photo,)
        value = metric(*photos, weights=weights)
        if not math.isnan(value):
            values[name] = value
    return values
