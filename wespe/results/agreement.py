"""How far scores of photos agree with those that people gave them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wespe.results.record import Record
from wespe.results.statistics import correlations, intervals


@dataclass(frozen=True, kw_only=True)
class Correlation(Record):
    """A correlation over photos, with its 95 % bootstrap interval."""

    value: float
    """From -1 to 1; negative for a score that people contradict."""
    low: float | None = None
    """The lower end of the interval; null for fewer than six photos."""
    high: float | None = None
    """The upper end of the interval; null for fewer than six photos."""

    @property
    def text(self) -> str:
        """The value with its interval."""
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} (95 %: {self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True)
class Agreement(Record):
    """How far scores agree with people's, photo by photo."""

    n: int
    """The number of photos."""
    spearman: Correlation
    """Spearman's rank correlation: whether photos have people's order."""
    pearson: Correlation
    """Pearson's correlation: whether scores are a linear function of people's."""


def agreement(scores: Sequence[float], mos: Sequence[float], *, lower: bool = False) -> Agreement:
    """The agreement of `scores` `(N,)` with people's mean opinion scores `mos` `(N,)`.

    `lower`: whether lower scores are better; they are turned round, so that agreement is positive.
    """
    pairs = np.stack([np.asarray(scores, np.float64), np.asarray(mos, np.float64)], axis=-1)
    pairs[:, 0] *= -1 if lower else 1
    found = intervals(pairs, correlations)
    spearman, pearson = (
        Correlation(value=value, low=ends[0], high=ends[1]) if ends else Correlation(value=value)
        for value, ends in zip(correlations(pairs).tolist(), found or (None, None), strict=True)
    )
    return Agreement(n=len(pairs), spearman=spearman, pearson=pearson)
