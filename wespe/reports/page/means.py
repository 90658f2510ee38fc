"""The tables of means of an evaluation and of a rating."""

from collections.abc import Mapping
from dataclasses import replace

from wespe.reports.cells import cell_of
from wespe.reports.compare import best, shown, title
from wespe.results.methods import ENHANCED, TARGET
from wespe.results.reading import EvaluationResult, RatingResult
from wespe.results.statistics import FEWEST
from wespe.results.tables import Cell, Column, Row, Table

_MEANS = (
    "Means over photos, in brackets their 95 % bootstrap intervals, which fewer than "
    f"{FEWEST} photos do not have"
)
_CROPS = (
    "Means over crops of photos that were enhanced as a whole, in brackets their 95 % bootstrap "
    "intervals. These resample photos with all their crops, since crops of one photo are not "
    f"independent; fewer than {FEWEST} photos have none"
)


def metrics_table(result: EvaluationResult) -> Table:
    """A row a method, a column a metric: the summary's means and their intervals."""
    methods = result.summary.methods
    columns = tuple(
        Column(key=name, shown=shown(name))
        for name in dict.fromkeys(name for metrics in methods.values() for name in metrics)
        if any(name in metrics and metrics[name].n for metrics in methods.values())
    )
    cells = {
        method: {column.key: cell_of(metrics.get(column.key)) for column in columns}
        for method, metrics in methods.items()
    }
    for column in columns:
        _mark_best(cells, column)
    return Table(
        name=result.name,
        title=f"Metrics of {result.name}",
        caption=f"{_CROPS if result.summary.n_crops else _MEANS}. An arrow says which direction is "
        "better; a metric without one only describes.",
        simulated=result.summary.simulated,
        columns=columns,
        rows=_rows(cells),
    )


def _mark_best(cells: Mapping[str, dict[str, Cell]], column: Column) -> None:
    """Mark the best of a column; the references do not compete."""
    key = column.key
    means = {method: row[key].value for method, row in cells.items() if method != TARGET}
    for method in best(means, column.shown):
        cells[method][key] = replace(cells[method][key], best=True)


def scores_table(result: RatingResult) -> Table:
    """A row a method: the summary's mean score, and mean difference to the original by photo."""
    shown = result.summary.shown
    cells = {
        method: {"score": cell_of(score), "change": cell_of(score.difference)}
        for method, score in result.summary.methods.items()
    }
    return Table(
        name=result.name,
        title=f"{shown.label} of {result.name}",
        caption=f"{_MEANS}; the change is that of each photo against its original.",
        simulated=result.summary.simulated,
        columns=(
            Column(key="score", shown=shown),
            Column(key="change", shown=replace(shown, label="change from the original")),
        ),
        rows=_rows(cells),
    )


def _rows(cells: Mapping[str, Mapping[str, Cell]]) -> tuple[Row, ...]:
    return tuple(
        Row(photos="", method=title(method), cells=of_method, marked=method == ENHANCED)
        for method, of_method in cells.items()
    )
