"""How a cell of any table is made from the values of photos."""

from collections.abc import Sequence

import numpy as np

from wespe.results.statistics import Statistic, Values, interval, mean, paired_p
from wespe.results.tables import Cell


def cell_of(
    values: Sequence[float] | Values,
    originals: Values | None = None,
    *,
    statistic: Statistic = mean,
) -> Cell:
    """The `statistic` of the `values` of photos, `(N,)`, and its interval; empty without a photo.

    `originals`: the values of the same photos in the same order, to test the difference.
    """
    sample = np.asarray(values, np.float64)
    if not len(sample):
        return Cell()
    low, high = interval(sample, statistic) or (None, None)
    p = None if originals is None else paired_p(sample, originals)
    return Cell(value=float(statistic(sample)), low=low, high=high, n=len(sample), p=p)
