"""The columns of a table: which metrics, and how a photo's values become one."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wespe.judging.metrics.registry import METRICS
from wespe.reports.compare import style
from wespe.reports.papers.values import printed

Values = NDArray[np.float64]

_DPED_BATCH = 50


def mean(values: Values) -> float:
    """The mean over photos, `(N,)`."""
    return float(values.mean())


def _squared_error(psnr_db: Values) -> Values:
    """The mean squared error on [0, 1] that a PSNR is of."""
    return np.asarray(10 ** (-psnr_db / 10), np.float64)


def pooled_psnr_db(errors: Values) -> float:
    """PSNR of the mean squared error of each 50 photos, `(N,)`, then averaged.

    Photos beyond the last full batch are dropped; fewer than 50 are one batch. Source:
    `test_model.py` of the DPED code.
    """
    full = len(errors) - len(errors) % _DPED_BATCH
    batches = errors[:full].reshape(-1, _DPED_BATCH) if full else errors[None]
    return float(-10 * np.log10(batches.mean(axis=1)).mean())


@dataclass(frozen=True)
class Column:
    """A column: its heading, and the metric of `images.csv` that it is made from."""

    key: str
    label: str
    unit: str
    direction: Literal["higher", "lower"] | None
    decimals: int
    metric: str
    per_photo: Callable[[Values], Values] = lambda values: values
    over_photos: Callable[[Values], float] = mean


_SPECIAL = {
    "psnr_pooled_db": Column(
        *("psnr_pooled_db", "PSNR, pooled by 50", "dB", "higher", 2, "psnr_db"),
        per_photo=_squared_error,
        over_photos=pooled_psnr_db,
    ),
    "cornia": Column("cornia", "CORNIA", "", "lower", 1, "cornia"),
    "ffs": Column("ffs", "Flickr Faves Score", "", "higher", 3, "ffs"),
}
_ALSO = {
    "wespe_2": ("ssim",),
    "wespe_3": ("brisque",),
    "wespe_6": ("brisque",),
    "dped_1": ("psnr_db", "ssim"),
}
"""Metrics of ours that stand beside those of a paper's table, where there are such."""


def columns(
    paper: str | None, measured: Collection[str], rated: Collection[Column] = ()
) -> list[Column]:
    """The columns of a table beside `paper`, or without one of all metrics that were measured.

    `rated`: those of raters; one that is the paper's own takes the place of its column.
    """
    if paper is None:
        chosen = [column(key) for key in METRICS if key in measured]
    else:
        extra = [key for key in _ALSO.get(paper, ()) if key in measured]
        chosen = [column(key) for key in [*printed(paper).metrics, *extra]]
    known = {each.key for each in chosen}
    return chosen + [each for each in rated if each.key not in known]


def rater_column(summary: Mapping[str, Any]) -> Column:
    """The column of a rating: the paper's, where the rater is called as it is."""
    papers, label = {"CORNIA": "cornia", "FFS": "ffs"}, summary["label"]
    if label in papers:
        return _SPECIAL[papers[label]]
    rater = summary["rater"]
    # Ratings made before these two were noted stay readable.
    key, decimals = summary.get("metric", rater["name"]), summary.get("decimals", 3)
    # As in its name among metrics: several of a kind may stand side by side.
    heading = label if rater["name"] == rater["kind"] else f"{label}, {rater['name']}"
    direction: Literal["higher", "lower"] = "higher" if summary["higher_is_better"] else "lower"
    return Column(key, heading, "", direction, decimals, key)


def column(key: str) -> Column:
    """The column of a metric of ours or of a paper."""
    if key in _SPECIAL:
        return _SPECIAL[key]
    how = style(key)
    return Column(key, how.label, how.unit, how.better, how.decimals, key)
