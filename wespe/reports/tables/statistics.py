"""How sure a mean over photos is: its interval, a paired test, agreement with a printed value."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from wespe.reports.compare import bootstrap_interval
from wespe.reports.tables.columns import Values, mean

FEWEST = 6
"""With fewer photos the two-sided test cannot get below 0.05: 2 / 2⁵ = 0.0625."""

Interval = tuple[float, float]


def interval(values: Values, over_photos: Callable[[Values], float], seed: int) -> Interval | None:
    """The 95 % bootstrap interval of a statistic of photos, `(N,)`; None for fewer than FEWEST."""
    if len(values) < FEWEST:
        return None
    return bootstrap_interval(values, over_photos, seed=seed)


def paired_p(values: Values, originals: Values) -> float | None:
    """The two-sided p-value of Wilcoxon's signed-rank test of `values - originals`, `(N,)` each.

    None for fewer than FEWEST photos, 1 where all are as before. Source: Wilcoxon, "Individual
    comparisons by ranking methods", 1945; photos without a difference are left out, as there.
    """
    if len(values) < FEWEST:
        return None
    differences = values - originals
    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


def agrees(
    value: float, values: Values, found: Interval | None, over_photos: Callable[[Values], float]
) -> bool | None:
    """Whether a printed mean `value` is within the sampling error of `values`, `(N,)`.

    That is their bootstrap interval `found`, which ignores the sampling error of the print, or of
    two to five photos Student's interval of the mean. None where neither is to be had.
    """
    if found is None and over_photos is mean and len(values) > 1 and np.ptp(values) > 0:
        middle, error = values.mean(), stats.sem(values)
        found = stats.t.interval(0.95, len(values) - 1, loc=middle, scale=error)
    return None if found is None else bool(found[0] <= value <= found[1])
