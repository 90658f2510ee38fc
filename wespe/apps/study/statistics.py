"""What votes say, and how surely: intervals, Bradley–Terry strengths, agreement."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float]

_Z95 = 1.959964
_RESAMPLES = 2000
_SEED = 0
# Fewer subjects say nothing of others: resampling two of them still gives an interval.
FEWEST_SUBJECTS = 6


def wilson(successes: int, count: int) -> Interval:
    """The 95 % interval of a fraction, if all votes were independent; `count` at least 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share, z2 = successes / count, _Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    half = _Z95 * spread / (1 + z2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def subject_weights(subjects: int, resamples: int = _RESAMPLES) -> Values:
    """How often each subject is drawn in each bootstrap resample: `(resamples, subjects)`."""
    random = np.random.default_rng(_SEED)
    return random.multinomial(subjects, np.full(subjects, 1 / subjects), resamples).astype(float)


def cluster_interval(sums: Values, counts: Values) -> Interval | None:
    """The 95 % bootstrap interval of `sums.sum() / counts.sum()`, whole subjects resampled.

    `sums`, `counts`: `(S,)`, of each subject. Percentiles of 2000 resamples with a fixed seed;
    None below six subjects. Source: Field and Welsh, "Bootstrapping clustered data", 2007.
    """
    if len(sums) < FEWEST_SUBJECTS:
        return None
    weights = subject_weights(len(sums))
    drawn = weights @ counts
    ratios = (weights @ sums)[drawn > 0] / drawn[drawn > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def strengths(wins: Values) -> Values:
    """Bradley–Terry strengths `(M,)` from how often each method beat each other one, `(M, M)`.

    They have mean zero; i is preferred over j with probability 1 / (1 + exp(s_j − s_i)). A small
    prior (choix's alpha, 0.01) keeps a method that never lost finite. Source: Bradley and Terry,
    "Rank analysis of incomplete block designs", 1952; choix, by Maystre and Grossglauser's I-LSR.
    """
    import choix  # takes seconds to import

    fitted = choix.ilsr_pairwise_dense(wins, alpha=0.01)
    return np.asarray(fitted - np.mean(fitted), np.float64)


def strength_intervals(wins: Values, *, resamples: int = 200) -> list[Interval] | None:
    """95 % bootstrap intervals of each method's strength; `wins`: `(S, M, M)`, of each subject.

    Whole subjects are resampled; None below six of them.
    """
    if len(wins) < FEWEST_SUBJECTS:
        return None
    weights = subject_weights(len(wins), resamples)
    drawn = [strengths(np.tensordot(weight, wins, axes=1)) for weight in weights]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _differs(a: Any, b: Any) -> float:
    return float(a != b)


def _squared(a: float, b: float) -> float:
    return (a - b) ** 2


DISTANCES: dict[str, Callable[[Any, Any], float]] = {"nominal": _differs, "interval": _squared}
"""How far two answers are apart, by the level of measurement."""


def krippendorff_alpha(units: Iterable[Sequence[Any]], level: str) -> float | None:
    """Agreement on which units differ: 1 all agree, 0 as by chance, below 0 less than that.

    `units`: all answers to each unit, in any number; one answer alone says nothing. `level` is a
    key of DISTANCES. None where all answers are equal, which leaves nothing to agree on. Source:
    Krippendorff, "Computing Krippendorff's alpha-reliability", 2011.
    """
    distance = DISTANCES[level]
    counted = [Counter(unit) for unit in units if len(unit) > 1]
    totals = sum(counted, Counter[Any]())
    everything = totals.total()
    expected = sum(n * m * distance(a, b) for a, n in totals.items() for b, m in totals.items())
    if not expected:
        return None
    observed = sum(
        n * m * distance(a, b) / (unit.total() - 1)
        for unit in counted
        for a, n in unit.items()
        for b, m in unit.items()
    )
    return 1 - (everything - 1) * observed / expected


def same_answer(units: Iterable[Sequence[Any]]) -> float | None:
    """The share of pairs of answers to a unit that are equal; None without a pair."""
    same = pairs = 0
    for unit in units:
        same += sum(n * (n - 1) for n in Counter(unit).values())
        pairs += len(unit) * (len(unit) - 1)
    return same / pairs if pairs else None
