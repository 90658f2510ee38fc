"""What the page shows of an evaluation: its table, its verdict, every photo, the extremes."""

from dataclasses import dataclass

from markupsafe import Markup

from wespe.reports import compare
from wespe.reports.page.charts import Point, scatter
from wespe.reports.page.own_tables import Table, metrics_of, metrics_table
from wespe.reports.page.pictures import Psnr, ShownPhoto, extreme_photos
from wespe.results.reading import EvaluationResult


@dataclass(frozen=True)
class Scatter:
    """Every photo by one metric, before and after."""

    style: compare.Style
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
    psnr_db: Psnr
    table: Table
    verdict: str
    scatters: list[Scatter]
    gained_by: compare.Style | None
    """The metric of the extremes."""
    extremes: list[Extreme]


def view_evaluation(result: EvaluationResult) -> EvaluationView:
    """Compare, draw and choose; pictures of the extremes are embedded."""
    methods, psnr = result.summary.methods, compare.by_photo(result.images, "psnr_db")
    measured = {method for values in psnr.values() for method in values}
    against = [name for name in methods if name in measured - {"enhanced", "target"}]
    n, differences = compare.paired_differences(psnr, against)
    gained_by = result.summary.extremes.metric
    return EvaluationView(
        result,
        psnr,
        metrics_table(result),
        compare.verdict(n, differences) if differences else "",
        [drawn for name in metrics_of(methods) if (drawn := _scatter(result, name))],
        compare.style(gained_by) if gained_by else None,
        _extremes(result, psnr),
    )


def _scatter(result: EvaluationResult, metric: str) -> Scatter | None:
    """Every photo by one metric; None where no photo has it before and after."""
    style = compare.style(metric)
    marks = _marks(result) if metric == result.summary.extremes.metric else {}
    points = [
        Point(name, values["original"], values["enhanced"], marks.get(name, ""))
        for name, values in compare.by_photo(result.images, metric).items()
        if {"original", "enhanced"} <= values.keys()
    ]
    if not points:
        return None
    unit = f", {style.unit}" if style.unit else ""
    title = f"{style.label} of each photo of {result.name}, original against enhanced"
    chart = scatter(
        points,
        x_label=f"original{unit}",
        y_label=f"enhanced{unit}",
        title=title,
        decimals=style.decimals,
    )
    return Scatter(style, chart)


def _marks(result: EvaluationResult) -> dict[str, str]:
    """`worst`, `worst 2`, … by file; where there is one of a kind it has no number."""
    extremes = result.summary.extremes
    return {
        file: kind if place == 1 else f"{kind} {place}"
        for kind, files in (("worst", extremes.worst), ("best", extremes.best))
        for place, file in enumerate(files, start=1)
    }


def _extremes(result: EvaluationResult, psnr: Psnr) -> list[Extreme]:
    if not result.summary.extremes.metric:
        return []
    values = compare.by_photo(result.images, result.summary.extremes.metric)
    marks = _marks(result)
    shown = extreme_photos(result, marks, psnr)
    photos = {result.summary.pictures[photo.name]: photo for photo in shown}
    return [
        Extreme(mark, file, values[file]["original"], values[file]["enhanced"], photos.get(file))
        for file, mark in marks.items()
        if {"original", "enhanced"} <= values.get(file, {}).keys()
    ]
