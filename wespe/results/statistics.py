"""Intervals: of a share, and of a mean over photos."""

import math
from collections.abc import Sequence

import numpy as np

_Z_95 = 1.959963984540054  # the 97.5 % point of the normal law
_RESAMPLES = 10_000
# As in tables and the report: resampling two values still gives an interval, which says nothing.
_FEWEST = 6


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, `hits` of `count`, by its score test.

    Raises ValueError unless 0 ≤ hits ≤ count and count ≥ 1. Source: Wilson, JASA 1927.
    """
    if not 0 <= hits <= count or count < 1:
        raise ValueError(f"expected 0 to {count} hits of at least 1, got {hits}")
    share, shrink = hits / count, 1 + _Z_95**2 / count
    middle = (share + _Z_95**2 / (2 * count)) / shrink
    half = _Z_95 / shrink * math.sqrt(share * (1 - share) / count + _Z_95**2 / (4 * count**2))
    # Rounding may take the ends of 0 and of all hits past them.
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(values: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % percentile interval of the mean of `values`, by 10,000 resamples of them.

    None for fewer than six values, which say nothing of others. Of paired photos give their
    differences: a photo is then drawn with both. Source: Efron and Tibshirani 1993, chapter 13.
    """
    if len(values) < _FEWEST:
        return None
    generator = np.random.default_rng(seed)
    array = np.asarray(values, np.float64)
    # In parts, so that many photos need no more memory than few.
    part = max(1, 10**6 // len(array))
    means = [
        array[
            generator.integers(len(array), size=(min(part, _RESAMPLES - first), len(array)))
        ].mean(axis=1)
        for first in range(0, _RESAMPLES, part)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)
