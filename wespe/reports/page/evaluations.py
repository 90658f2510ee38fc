"""What the page shows of an evaluation: its table, its verdict, every photo, the extremes."""

from dataclasses import dataclass

from markupsafe import Markup

from wespe.reports import compare
from wespe.reports.page.charts import Point, scatter
from wespe.reports.page.means import metrics_table
from wespe.reports.page.pictures import ShownPhoto, extreme_photos
from wespe.results.agreement import WithPeople
from wespe.results.evaluations import ByPhoto, by_part, by_photo
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.reading import EvaluationResult
from wespe.results.score import Score
from wespe.results.statistics import paired_differences
from wespe.results.tables import Column, Table


@dataclass(frozen=True)
class Scatter:
    """Every photo by one metric, before and after."""

    shown: Score
    chart: Markup


@dataclass(frozen=True)
class Extreme:
    """A photo that gained least (`worst`) or most (`best`), by the metric's own unit."""

    mark: str
    file: str
    before: float
    after: float
    photo: ShownPhoto | None


@dataclass(frozen=True)
class EvaluationView:
    """An evaluation, ready for the page."""

    result: EvaluationResult
    psnr_db: ByPhoto
    table: Table
    judged_by: Score | None
    """The metric of the verdict, the first with a direction; None where no photo has one."""
    verdict: str
    in_short: str
    """The verdict against the originals and the best of the plain enhancers alone."""
    of: str
    """What was measured, in words, such as `66 crops of 22 photos`."""
    scatters: list[Scatter]
    gained_by: Score | None
    """The metric of the extremes."""
    extremes: list[Extreme]

    @property
    def people(self) -> list[tuple[str, WithPeople]]:
        """How far metrics agree with people, by their headings."""
        found = self.result.summary.people.items()
        return [(compare.shown(name).label, agreed) for name, agreed in found]


def view_evaluation(result: EvaluationResult) -> EvaluationView:
    """Compare, draw and choose; pictures of the extremes are embedded."""
    psnr = by_photo(result.images, "psnr_db")
    gained_by, table = result.summary.extremes.metric, metrics_table(result)
    return EvaluationView(
        result,
        psnr,
        table,
        *_verdict(result, table),
        compare.count_in_words({row.of for row in result.images}),
        [drawn for column in table.columns if (drawn := _scatter(result, column))],
        compare.shown(gained_by) if gained_by else None,
        _extremes(result, psnr),
    )


def _verdict(result: EvaluationResult, table: Table) -> tuple[Score | None, str, str]:
    """The first metric with a direction that photos have, and its differences in words.

    The second text is of the originals and the strongest of the others alone.
    """
    for column in table.columns:
        parts = by_part(result.images, column.key)
        measured = {method for values in parts.values() for method in values}
        against = [name for name in result.summary.methods if name in measured - {ENHANCED, TARGET}]
        complete, differences = paired_differences(
            parts, ENHANCED, against, cluster=lambda part: part.photo
        )
        if column.shown.better and differences:
            unit = column.shown.unit or column.shown.label
            gain = 1 if column.shown.better == "higher" else -1
            others = [item for item in differences if item.against != ORIGINAL]
            strongest = sorted(others, key=lambda item: gain * item.mean)[:1]
            short = [*(item for item in differences if item.against == ORIGINAL), *strongest]
            return (
                column.shown,
                compare.verdict(complete, differences, unit),
                compare.verdict(complete, short, unit),
            )
    return None, "", ""


def _scatter(result: EvaluationResult, column: Column) -> Scatter | None:
    """Every photo by one metric; None where no photo has it before and after."""
    metric, shown = column.key, column.shown
    marks = _marks(result) if metric == result.summary.extremes.metric else {}
    points = [
        Point(name, values[ORIGINAL], values[ENHANCED], marks.get(name, ""))
        for name, values in by_photo(result.images, metric).items()
        if {ORIGINAL, ENHANCED} <= values.keys()
    ]
    if not points:
        return None
    unit = f", {shown.unit}" if shown.unit else ""
    title = f"{shown.label} of each photo of {result.name}, original against enhanced"
    chart = scatter(
        points,
        x_label=f"original{unit}",
        y_label=f"enhanced{unit}",
        title=title,
        decimals=shown.decimals,
    )
    return Scatter(shown, chart)


def _marks(result: EvaluationResult) -> dict[str, str]:
    """`worst`, `worst 2`, … by file; where there is one of a kind it has no number."""
    extremes = result.summary.extremes
    return {
        file: kind if place == 1 else f"{kind} {place}"
        for kind, files in (("worst", extremes.worst), ("best", extremes.best))
        for place, file in enumerate(files, start=1)
    }


def _extremes(result: EvaluationResult, psnr: ByPhoto) -> list[Extreme]:
    if not result.summary.extremes.metric:
        return []
    values = by_photo(result.images, result.summary.extremes.metric)
    marks = _marks(result)
    shown = extreme_photos(result, marks, psnr)
    photos = {result.summary.pictures[photo.name]: photo for photo in shown}
    return [
        Extreme(mark, file, values[file][ORIGINAL], values[file][ENHANCED], photos.get(file))
        for file, mark in marks.items()
        if {ORIGINAL, ENHANCED} <= values.get(file, {}).keys()
    ]
