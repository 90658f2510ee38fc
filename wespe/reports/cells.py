"""How a cell of any table is made from the values of photos."""

from collections.abc import Hashable, Sequence

import numpy as np

from wespe.results.statistics import (
    Statistic,
    Values,
    cluster_means,
    clustered_interval,
    mean,
    paired_p,
)
from wespe.results.tables import Cell


def cell_of(
    values: Sequence[float] | Values,
    originals: Values | None = None,
    *,
    statistic: Statistic = mean,
    photos: Sequence[Hashable] | None = None,
) -> Cell:
    """The `statistic` of the `values` of photos, `(N,)`, and its interval; empty without a photo.

    `originals`: the values of the same photos in the same order, to test the difference. `photos`:
    of crops, the photo that each is of. The statistic is over crops then, its interval resamples
    photos, and the test is that of the photos' means, since crops of a photo are not independent.
    """
    sample = np.asarray(values, np.float64)
    if not len(sample):
        return Cell()
    clusters = range(len(sample)) if photos is None else photos
    low, high = clustered_interval(sample, clusters, statistic) or (None, None)
    p = None
    if originals is not None:
        p = paired_p(cluster_means(sample, clusters), cluster_means(originals, clusters))
    return Cell(value=float(statistic(sample)), low=low, high=high, n=len(sample), p=p)
