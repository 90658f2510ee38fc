"""What votes say, and how surely: intervals, Bradley–Terry strengths, agreement."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from wespe.results.statistics import Interval, Values, intervals

_FITS = 200


def strengths(wins: Values) -> Values:
    """Bradley–Terry strengths `(M,)` from how often each method beat each other one, `(M, M)`.

    They have mean zero; i is preferred over j with probability 1 / (1 + exp(s_j − s_i)). A small
    prior (choix's alpha, 0.01) keeps a method that never lost finite. Source: Bradley and Terry,
    "Rank analysis of incomplete block designs", 1952; choix, by Maystre and Grossglauser's I-LSR.
    """
    import choix  # takes seconds to import

    fitted = choix.ilsr_pairwise_dense(wins, alpha=0.01)
    return np.asarray(fitted - np.mean(fitted), np.float64)


def strength_intervals(wins: Values) -> list[Interval] | None:
    """95 % bootstrap intervals of each method's strength; `wins`: `(S, M, M)`, of each subject.

    Whole subjects are resampled; None below six of them.
    """
    # A fit takes 0.6 ms.
    return intervals(wins, _strengths_of_each, resamples=_FITS)


def _strengths_of_each(drawn: Values) -> Values:
    """`(R, S, M, M)` → `(R, M)`."""
    return np.stack([strengths(wins) for wins in drawn.sum(axis=1)])


def _differs(a: Any, b: Any) -> float:
    return float(a != b)


def _squared(a: float, b: float) -> float:
    return (a - b) ** 2


DISTANCES: dict[str, Callable[[Any, Any], float]] = {"nominal": _differs, "interval": _squared}
"""How far two answers are apart, by the level of measurement."""


def krippendorff_alpha(units: Iterable[Sequence[Any]], level: str) -> float | None:
    """Agreement on which units differ: 1 all agree, 0 as by chance, below 0 less than that.

    `units`: all answers to each unit, in any number; a single answer shows nothing. `level` is a
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
