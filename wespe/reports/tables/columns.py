"""The columns of a table: which there are, and how the values of photos become a number."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from wespe.judging.metrics.registry import METRICS
from wespe.reports.compare import shown
from wespe.reports.papers.values import printed
from wespe.results.ratings import RatingSummary
from wespe.results.score import Score
from wespe.results.statistics import Statistic, Values, mean

_DPED_BATCH = 50


def _squared_error(psnr_db: Values) -> Values:
    """The mean squared error on [0, 1] that a PSNR is of."""
    return np.asarray(10 ** (-psnr_db / 10), np.float64)


def pooled_psnr_db(errors: Values) -> Values:
    """PSNR of the mean squared error of each 50 photos, then averaged, `(…, N)` → `(…)`.

    Photos beyond the last full batch are dropped; fewer than 50 are one batch. Source:
    `test_model.py` of the DPED code.
    """
    size = min(_DPED_BATCH, errors.shape[-1])
    full = errors.shape[-1] // size * size
    batches = errors[..., :full].reshape(*errors.shape[:-1], -1, size)
    return mean(-10 * np.log10(mean(batches)))


@dataclass(frozen=True)
class Measure:
    """What a column has: the values of a metric of `images.csv`, or the scores of a rater.

    `key`: that of the column. `per_photo`: what becomes of the value of each photo; `over_photos`:
    the number of all of them.
    """

    key: str
    shown: Score
    metric: str
    per_photo: Callable[[Values], Values] = lambda values: values
    over_photos: Statistic = mean


_SPECIAL = {
    "psnr_pooled_db": Measure(
        *("psnr_pooled_db", Score("PSNR, pooled by 50", "dB", "higher"), "psnr_db"),
        per_photo=_squared_error,
        over_photos=pooled_psnr_db,
    ),
    "cornia": Measure("cornia", Score("CORNIA", "", "lower", 1), "cornia"),
    "ffs": Measure("ffs", Score("Flickr Faves Score", "", "higher", 3), "ffs"),
}
_ALSO = {
    "wespe_2": ("ssim",),
    "wespe_3": ("brisque",),
    "wespe_6": ("brisque",),
    "dped_1": ("psnr_db", "ssim"),
    "sr_x4": ("vgg_distance",),
}
"""Metrics of ours that stand beside those of a paper's table, where there are such."""


def measures(
    paper: str | None, measured: Collection[str], rated: Collection[Measure] = ()
) -> list[Measure]:
    """The columns of a table beside `paper`, or without one of all metrics that were measured.

    `rated`: those of raters; one that is the paper's own takes the place of its column.
    """
    if paper is None:
        chosen = [measure_of(key) for key in METRICS if key in measured]
    else:
        extra = [key for key in _ALSO.get(paper, ()) if key in measured]
        chosen = [measure_of(key) for key in [*printed(paper).metrics, *extra]]
    known = {each.key for each in chosen}
    return chosen + [each for each in rated if each.key not in known]


def measure_of(key: str) -> Measure:
    """The column of a metric of ours or of a paper."""
    return _SPECIAL.get(key) or Measure(key, shown(key), key)


def measure_of_rater(summary: RatingSummary) -> Measure:
    """The column of a rating: the paper's, where the rater is called as it is."""
    papers, rater = {"CORNIA": "cornia", "FFS": "ffs"}, summary.rater
    if summary.shown.label in papers:
        return _SPECIAL[papers[summary.shown.label]]
    label = summary.shown.label
    # As in its name among metrics: several of a kind may stand side by side.
    heading = label if rater.name == rater.kind else f"{label}, {rater.name}"
    return Measure(summary.metric, replace(summary.shown, label=heading), summary.metric)
