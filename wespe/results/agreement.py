"""How far scores of photos agree with those that people gave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wespe.results.index import PhotoIndex
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


@dataclass(frozen=True, kw_only=True)
class WithPeople(Record):
    """How far a metric or a rater agrees with people on the photos of a source that they scored."""

    all: Agreement
    """On all of them; a rater may have learned from some."""
    held_out: Agreement | None
    """On those that no rater learns from; null for fewer than three."""


FEWEST = 3
"""Two photos always agree or disagree completely."""


def with_people(
    scores: Mapping[str, float], index: PhotoIndex, *, lower: bool = False
) -> WithPeople | None:
    """The agreement with people on the photos of `index`; None for fewer than three.

    `scores`: by the photo's file, as it is in the index. `lower`: as for `agreement`.
    """
    photos = [
        (scores[entry.file], entry.mos, entry.held_out)
        for entry in index.photos
        if entry.mos is not None and entry.file in scores
    ]
    held_out = [photo for photo in photos if photo[2]]
    if len(photos) < FEWEST:
        return None
    on_all, on_held_out = (
        agreement([score for score, _, _ in part], [mos for _, mos, _ in part], lower=lower)
        if len(part) >= FEWEST
        else None
        for part in (photos, held_out)
    )
    assert on_all
    return WithPeople(all=on_all, held_out=on_held_out)


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
