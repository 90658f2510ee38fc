"""The tables of evaluations and ratings, as the objects that the template `table.html.j2` shows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from wespe.judging.metrics.registry import METRICS
from wespe.reports import compare
from wespe.results.reading import EvaluationResult, RatingResult
from wespe.results.records import Score, Statistic

Table = Mapping[str, Any]
"""As `wespe.reports.tables` describes it; cells may be `best`, and a row `marked`."""

_MEANS = (
    "Means over photos, in brackets their 95 % bootstrap intervals, which fewer than six photos do "
    "not have"
)


def metrics_table(result: EvaluationResult) -> Table:
    """A row a method, a column a metric: means over photos and their intervals."""
    methods = result.summary.methods
    names = metrics_of(methods)
    values = {name: compare.by_photo(result.images, name) for name in names}
    best = {name: compare.best(methods, name) for name in names}
    columns = [_column(name, compare.style(name)) for name in names]
    rows = []
    for method, statistics in methods.items():
        cells = {}
        for name in names:
            seen = [photo[method] for photo in values[name].values() if method in photo]
            statistic = statistics.get(name)
            known = statistic and compare.is_number(statistic.mean)
            cells[name] = _cell(
                statistic.mean if statistic and known else None,
                compare.mean_interval(seen) if known else None,
                statistic.n if statistic else 0,
            ) | {"best": method in best[name]}
        rows.append(_row(method, cells))
    return {
        "name": result.name,
        "title": f"Metrics of {result.name}",
        "caption": f"{_MEANS}. An arrow says which direction is better; a metric without one only "
        "describes.",
        "simulated": False,
        "columns": columns,
        "rows": rows,
        "notes": [],
    }


def scores_table(result: RatingResult) -> Table:
    """A row a method: its mean score, and the mean difference to the original, photo by photo."""
    summary = result.summary
    better: Literal["higher", "lower"] = "higher" if summary.higher_is_better else "lower"
    headings = {"score": summary.label, "change": "change to the original"}
    columns = [
        _column(key, compare.Style(label, "", better, summary.decimals))
        for key, label in headings.items()
    ]
    rows = []
    for method, statistics in summary.methods.items():
        cells = {"score": _scored(statistics), "change": _scored(statistics.difference)}
        rows.append(_row(method, cells))
    return {
        "name": result.name,
        "title": f"{summary.label} of {result.name}",
        "caption": f"{_MEANS}; the change is that of each photo against its original.",
        "simulated": False,
        "columns": columns,
        "rows": rows,
        "notes": [],
    }


def metrics_of(methods: Mapping[str, Mapping[str, Statistic]]) -> Sequence[str]:
    """The metrics that any method has a mean of; known ones first, in their order."""
    present = {
        name: None
        for table in methods.values()
        for name, statistic in table.items()
        if compare.is_number(statistic.mean)
    }
    known = [name for name in METRICS if name in present]
    return known + [name for name in present if name not in known]


def _column(key: str, style: compare.Style) -> dict[str, Any]:
    return {
        "key": key,
        "label": style.label,
        "unit": style.unit,
        "direction": style.better,
        "decimals": style.decimals,
    }


def _row(method: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    name = compare.title(method)
    marked = method == "enhanced"
    return {"label": name, "photos": "", "method": name, "marked": marked, "cells": cells}


def _scored(score: Score | None) -> dict[str, Any]:
    if score is None:
        return _cell(None, None, 0)
    known = score.low is not None and score.high is not None
    return _cell(score.mean, (score.low, score.high) if known else None, score.n)


def _cell(mean: float | None, interval: tuple[Any, Any] | None, n: int) -> dict[str, Any]:
    low, high = interval or (None, None)
    cell = {"value": mean, "low": low, "high": high, "n": n}
    return cell | {"paper": None, "p": None, "note": None}
