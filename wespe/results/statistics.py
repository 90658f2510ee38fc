"""How sure a number is: bootstrap intervals, Wilson's of a share, paired differences and tests.

An interval has one number of resamples and one seed, and does not depend on the order of the
values: the same values have the same interval wherever it is shown.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float]
Statistic = Callable[[Values], Values]
"""What is computed from each resample."""
Key = TypeVar("Key", bound=Hashable)

FEWEST = 6
"""Fewer values say nothing about others, though even two of them, resampled, give an interval. Nor
can a two-sided signed-rank test of five get below 0.05: 2 / 2⁵ = 0.0625."""
RESAMPLES = 2000
_SEED = 0
_PERCENTILES = (2.5, 97.5)
_AT_ONCE = 10**6  # numbers drawn at once: many photos need no more memory than few


def mean(values: Values) -> Values:
    """The mean of `values` over their last axis, `(…, N)` → `(…)`."""
    return np.asarray(values.mean(axis=-1), np.float64)


def interval(values: ArrayLike, statistic: Statistic = mean) -> Interval | None:
    """The 95 % bootstrap interval of a statistic of `values`; None for fewer than six of them.

    `values`: `(N, …)`, resampled along the first axis. For paired photos pass the
    differences, so that a photo is drawn with both. For subjects with several answers pass a row
    per subject.
    `statistic`: resamples `(R, N, …)` → `(R,)`. Source: Efron and Tibshirani, "An introduction to
    the bootstrap", 1993, chapter 13 (percentiles).
    """
    found = intervals(values, lambda drawn: statistic(drawn)[:, None])
    return found[0] if found else None


def intervals(
    values: ArrayLike, statistic: Statistic, *, resamples: int = RESAMPLES
) -> list[Interval] | None:
    """As `interval`, of a statistic with several numbers: `(R, N, …)` → `(R, K)`.

    `resamples`: fewer for a statistic that is slow.
    """
    sample = np.asarray(values, np.float64)
    if len(sample) < FEWEST:
        return None
    # In one order, since what is drawn are numbers of rows.
    sample = sample[np.lexsort(sample.reshape(len(sample), -1).T[::-1])]
    generator, at_once = np.random.default_rng(_SEED), max(1, _AT_ONCE // sample.size)
    counts = [min(at_once, resamples - done) for done in range(0, resamples, at_once)]
    drawn = [
        statistic(sample[generator.integers(len(sample), size=(count, len(sample)))])
        for count in counts
    ]
    low, high = np.percentile(np.concatenate(drawn), _PERCENTILES, axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def correlations(pairs: Values) -> Values:
    """Spearman's rank correlation and Pearson's of pairs, `(…, N, 2)` → `(…, 2)`.

    Equal values share the mean of their ranks. 0 where one of both does not vary, as a resample's
    values may not.
    """
    from scipy.stats import rankdata

    ranks = rankdata(pairs, axis=-2)
    return np.stack([_pearson(ranks), _pearson(pairs)], axis=-1)


def _pearson(pairs: Values) -> Values:
    centred = pairs - pairs.mean(axis=-2, keepdims=True)
    spread = np.sqrt(np.square(centred).sum(axis=-2).prod(axis=-1))
    product = centred.prod(axis=-1).sum(axis=-1)
    found: Values = np.divide(product, spread, out=np.zeros_like(product), where=spread > 1e-12)
    return found


def clustered_interval(
    values: Values, clusters: Sequence[Hashable], statistic: Statistic = mean
) -> Interval | None:
    """The 95 % bootstrap interval of a statistic of `values`, `(N,)`, whole clusters resampled.

    `clusters`: `(N,)`, what each value belongs to. Values of one cluster, such as the crops of a
    photo, are not independent: they are drawn together, and the statistic is that of all values
    drawn, so a cluster of many values has its weight. None below six clusters. The same as
    `interval` where each value is a cluster of its own. Source: Field and Welsh, "Bootstrapping
    clustered data", 2007.
    """
    members = _members(clusters)
    if len(members) == len(values):
        return interval(values, statistic)
    if statistic is mean:
        sums = np.array([values[places].sum() for places in members])
        return cluster_interval(sums, np.array([float(len(places)) for places in members]))
    if len(members) < FEWEST:
        return None
    # In one order, as in `intervals`; resamples differ in length, so each is computed by itself.
    groups = sorted((values[places] for places in members), key=lambda group: (*sorted(group),))
    generator = np.random.default_rng(_SEED)
    found = [
        statistic(np.concatenate([groups[place] for place in drawn])[None])[0]
        for drawn in generator.integers(len(groups), size=(RESAMPLES, len(groups)))
    ]
    low, high = np.percentile(found, _PERCENTILES)
    return float(low), float(high)


def cluster_interval(sums: Values, counts: Values) -> Interval | None:
    """The 95 % bootstrap interval of `sums.sum() / counts.sum()`, whole clusters resampled.

    `sums`, `counts`: `(C,)`, of each cluster, such as a subject or a photo; a count is at least 1.
    None below six clusters. Source: as for `clustered_interval`.
    """
    return interval(np.stack([sums, counts], axis=1), _ratio)


def _ratio(drawn: Values) -> Values:
    """`(R, C, 2)` → `(R,)`."""
    totals = drawn.sum(axis=1)
    return np.asarray(totals[:, 0] / totals[:, 1])


def cluster_means(values: Values, clusters: Sequence[Hashable]) -> Values:
    """The mean of each cluster's `values`, `(N,)` → `(C,)`, in the order in which they appear."""
    return np.array([values[places].mean() for places in _members(clusters)], np.float64)


def _members(clusters: Sequence[Hashable]) -> list[NDArray[np.intp]]:
    """The places of each cluster's values."""
    places: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(clusters):
        places.setdefault(cluster, []).append(place)
    return [np.array(found, np.intp) for found in places.values()]


def wilson(hits: int, count: int) -> Interval:
    """The 95 % interval of a share, `hits` of `count`, by its score test.

    Raises ValueError unless 0 ≤ hits ≤ count and count ≥ 1. Source: Wilson, "Probable inference,
    the law of succession, and statistical inference", 1927.
    """
    from scipy.stats import binomtest

    found = binomtest(hits, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def paired_p(values: Values, others: Values) -> float | None:
    """The two-sided p-value of Wilcoxon's signed-rank test of `values - others`, `(N,)` each.

    None for fewer than six photos, 1 if all are equal. Source: Wilcoxon, "Individual comparisons
    by ranking methods", 1945; photos without a difference are left out, as there.
    """
    from scipy.stats import wilcoxon

    if len(values) < FEWEST:
        return None
    differences = values - others
    return float(wilcoxon(differences).pvalue) if differences.any() else 1.0


def agrees(
    printed: float, values: Values, found: Interval | None, statistic: Statistic
) -> bool | None:
    """Whether a `printed` number is within the sampling error of a statistic of `values`, `(N,)`.

    That is the bootstrap interval `found`, which ignores the sampling error of the print, or of the
    mean of two to five values Student's interval. None where there is neither.
    """
    from scipy import stats

    if found is None and statistic is mean and len(values) > 1 and np.ptp(values) > 0:
        middle, error = values.mean(), stats.sem(values)
        found = stats.t.interval(0.95, len(values) - 1, loc=middle, scale=error)
    return None if found is None else bool(found[0] <= printed <= found[1])


@dataclass(frozen=True)
class Difference:
    """Mean over photos or crops of the values of one method minus those of another, `against`."""

    against: str
    mean: float
    interval: Interval | None

    @property
    def is_open(self) -> bool:
        """Whether the photos do not distinguish the two methods."""
        return self.interval is None or self.interval[0] <= 0 <= self.interval[1]


def paired_differences(
    photos: Mapping[Key, Mapping[str, float]],
    method: str,
    against: Sequence[str],
    *,
    cluster: Callable[[Key], Hashable] = lambda key: key,
) -> tuple[list[Key], list[Difference]]:
    """Compare `method` with each of `against` on the photos that have a value of all.

    `photos`: photo, or crop, → method → value. `cluster`: what a key belongs to, as the photo of a
    crop, so that intervals are those of `clustered_interval`. Returns the keys that have all, and
    the differences; there are none without a key.
    """
    complete = [key for key, values in photos.items() if {method, *against} <= values.keys()]
    clusters = [cluster(key) for key in complete]
    differences = []
    for other in against if complete else ():
        values = np.array([photos[key][method] - photos[key][other] for key in complete])
        found = clustered_interval(values, clusters)
        differences.append(Difference(other, float(values.mean()), found))
    return complete, differences
