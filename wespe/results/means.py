"""Means over photos: the one place where values become a mean and its interval."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from wespe.results.record import Record
from wespe.results.statistics import Statistic, Values, clustered_interval, mean

DECIMALS = 6
"""Decimals of a value in a file of photos. Whoever writes one rounds first, and takes the means of
what the file has, so that whoever reads the file gets the same means."""


@dataclass(frozen=True, kw_only=True)
class Mean(Record):
    """A mean over photos, or over crops of photos, with its 95 % bootstrap interval."""

    mean: float | None
    """The mean over photos or crops; null if none has a value."""
    std: float | None
    """The standard deviation (ddof 1); null for fewer than two values."""
    n: int
    """The number of photos or crops with a finite value."""
    low: float | None = None
    """The lower end of the interval; null for fewer than six photos."""
    high: float | None = None
    """The upper end of the interval; null for fewer than six photos."""


def mean_of(
    values: Sequence[float] | Values,
    statistic: Statistic = mean,
    *,
    photos: Sequence[Hashable] | None = None,
) -> Mean:
    """The mean of the values of photos, `(N,)`, or another `statistic` of them in its place.

    `photos`: of crops, the photo that each is of. The mean is over crops then and its interval
    resamples photos, since crops of a photo are not independent.
    """
    sample = np.asarray(values, np.float64)
    clusters = range(len(sample)) if photos is None else photos
    low, high = clustered_interval(sample, clusters, statistic) or (None, None)
    return Mean(
        mean=float(statistic(sample)) if len(sample) else None,
        std=float(sample.std(ddof=1)) if len(sample) > 1 else None,
        n=len(sample),
        low=low,
        high=high,
    )
