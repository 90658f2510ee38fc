"""What the page opens with: one photo before and after, one sentence, and up to four numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wespe.reports.page.evaluations import EvaluationView
from wespe.reports.page.pictures import Gallery, ShownPhoto
from wespe.reports.page.ratings import RatingView
from wespe.results.evaluations import EvaluationSummary
from wespe.results.methods import ENHANCED, ORIGINAL
from wespe.results.score import Score
from wespe.results.tables import Cell, Table

_MOST = 4


@dataclass(frozen=True)
class Figure:
    """One number before and after."""

    shown: Score
    before: float
    after: float


@dataclass(frozen=True)
class Opening:
    """The first screen, of one evaluation."""

    name: str
    """Of the evaluation."""
    summary: EvaluationSummary
    photo: ShownPhoto | None
    verdict: str
    """Empty where no metric says what is better."""
    figures: list[Figure]


def opening(
    evaluations: Sequence[EvaluationView],
    galleries: Sequence[Gallery],
    ratings: Sequence[RatingView],
) -> Opening | None:
    """That of the first evaluation; None without one. The photo is the one that gained most."""
    if not evaluations:
        return None
    view = evaluations[0]
    summary = view.result.summary
    rated = [
        figure
        for rating in ratings
        for figure in _figures(rating.table)
        if rating.result.summary.pair == summary.pair
        and rating.result.summary.photos == summary.photos
    ]
    # The metrics first, but one rater among the four.
    measured = [*_figures(view.table)][: _MOST - min(len(rated), 1)]
    shown = (measured + rated)[:_MOST]
    return Opening(view.result.name, summary, _photo(view, galleries), view.in_short, shown)


def _figures(table: Table) -> Iterator[Figure]:
    """The columns that have a better direction, and both originals and enhanced photos."""
    rows = {row.method: row.cells for row in table.rows}
    for column in table.columns:
        before, after = (
            rows.get(method, {}).get(column.key, Cell()).value for method in (ORIGINAL, ENHANCED)
        )
        if column.shown.better and before is not None and after is not None:
            yield Figure(column.shown, before, after)


def _photo(view: EvaluationView, galleries: Sequence[Gallery]) -> ShownPhoto | None:
    gained = [item.photo for item in view.extremes if item.mark.startswith("best") and item.photo]
    of = view.result.summary.photos
    shown = [photo for gallery in galleries if gallery.photos_of == of for photo in gallery.photos]
    return next(iter([*gained, *shown]), None)
