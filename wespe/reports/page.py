"""The report page: results in, one self-contained HTML file out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import wespe
from wespe.files import atomic_file
from wespe.metrics import METRICS
from wespe.reports import compare
from wespe.reports.charts import Point, Series, line_chart, scatter
from wespe.reports.inputs import (
    EvaluationResult,
    PairResult,
    Statistic,
    read_evaluation,
    read_pair,
)
from wespe.reports.pictures import Gallery, Picture, embed, gallery
from wespe.reports.studies import read_study

_MOST_SHEETS = 8


@dataclass(frozen=True)
class _Curves:
    """A chart of losses and its legend: name and last value of each line."""

    title: str
    chart: Markup
    legend: list[tuple[str, float | None]]


@dataclass(frozen=True)
class _PairView:
    result: PairResult
    curves: list[_Curves]
    sheets: list[tuple[int, Picture]]
    """Step and picture, the last one first."""
    settings: list[tuple[str, str]]


@dataclass(frozen=True)
class _Column:
    name: str
    style: compare.Style
    best: frozenset[str]


@dataclass(frozen=True)
class _EvaluationView:
    result: EvaluationResult
    columns: list[_Column]
    verdict: str
    gallery: Gallery
    scatter: Markup | None
    extremes: list[tuple[str, Point]]


def write_report(
    out: Path,
    *,
    run_name: str,
    pairs: Mapping[str, Path],
    evaluations: Mapping[str, Path],
    settings_text: str,
    studies: Sequence[Path] = (),
) -> None:
    """Write the report to `out`, atomically; the same inputs give the same bytes.

    `pairs` and `evaluations` give the result folders by name, in the order of the page;
    `settings_text` is the settings file as it is, `studies` are the figures of user studies, JSON
    files. The page needs nothing else: styles, script and pictures are in it. Raises ValueError
    that names a missing or wrong input file.
    """
    pair_views = [_view_pair(read_pair(name, folder)) for name, folder in pairs.items()]
    evaluation_views = [
        _view_evaluation(read_evaluation(name, folder)) for name, folder in evaluations.items()
    ]
    domains = [view.result.card.data for view in pair_views]
    simulated = any(both.source.simulated or both.target.simulated for both in domains) or any(
        view.result.summary.simulated for view in evaluation_views
    )
    page = _environment().get_template("report.html.j2")
    text = page.render(
        run_name=run_name,
        simulated=simulated,
        pairs=pair_views,
        evaluations=evaluation_views,
        settings_text=settings_text,
        version=wespe.__version__,
        studies=[read_study(path) for path in studies],
    )
    with atomic_file(out) as temporary:
        temporary.write_text(text, "utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("wespe.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["title"] = compare.title
    return environment


def _number(value: float | None, form: str) -> str:
    """`value` in the format `form`; a dash where there is none or it is not finite."""
    return format(value, form).replace("-", "−") if compare.is_number(value) else "–"


def _view_pair(result: PairResult) -> _PairView:
    names = dict.fromkeys(key for record in result.losses for key in record if key != "step")
    discriminators = [name for name in names if name.startswith("d_")]
    generator = [name for name in names if name not in discriminators]
    groups = (("Generator losses", generator), ("Discriminator losses", discriminators))
    chosen = np.linspace(0, len(result.sheets) - 1, min(len(result.sheets), _MOST_SHEETS))
    sheets = [result.sheets[number] for number in chosen.round().astype(int)]
    return _PairView(
        result,
        [_curves(result, title, names) for title, names in groups if names],
        [(_step(path), embed(path)) for path in reversed(sheets)],
        _flat(result.card.recipe.model_dump()),
    )


def _curves(result: PairResult, title: str, names: list[str]) -> _Curves:
    series = []
    for name in names:
        records = [record for record in result.losses if name in record]
        steps, values = ([record[key] for record in records] for key in ("step", name))
        series.append(Series(name, np.array(steps), np.array(values)))
    description = f"{title} of {result.name} by training step: {', '.join(names)}"
    chart = line_chart(series, x_label="Training step", y_label="Loss", title=description)
    return _Curves(title, chart, [(name, result.card.final_losses.get(name)) for name in names])


def _step(sheet: Path) -> int:
    if not sheet.stem.isdecimal():
        raise ValueError(f"{sheet}: expected a name like 000400.jpg")
    return int(sheet.stem)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted keys and values as a settings file has them."""
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{prefix}{key}.")
        else:
            lines.append((prefix + key, value if isinstance(value, str) else json.dumps(value)))
    return lines


def _view_evaluation(result: EvaluationResult) -> _EvaluationView:
    methods = result.summary.methods
    psnr = compare.by_photo(result.images, "psnr_db")
    measured = {method for values in psnr.values() for method in values}
    against = [name for name in methods if name in measured - {"enhanced", "target"}]
    n, differences = compare.paired_differences(psnr, against)
    points = _points(psnr)
    label = f"PSNR of each photo of {result.name}, original against enhanced"
    chart = scatter(points, x_label="original, dB", y_label="enhanced, dB", title=label)
    return _EvaluationView(
        result,
        [
            _Column(name, compare.style(name), compare.best(methods, name))
            for name in _metrics(methods)
        ],
        compare.verdict(n, differences) if differences else "",
        gallery(result, psnr),
        chart if points else None,
        [(point.mark, point) for point in points if point.mark],
    )


def _metrics(methods: Mapping[str, Mapping[str, Statistic]]) -> list[str]:
    """The metrics that any method has a mean of; known ones first, in their order."""
    present = {
        name: None
        for table in methods.values()
        for name, statistic in table.items()
        if compare.is_number(statistic.mean)
    }
    known = [name for name in METRICS if name in present]
    return known + [name for name in present if name not in known]


def _points(psnr: Mapping[str, Mapping[str, float]]) -> list[Point]:
    """Each photo's PSNR before and after; the smallest and the largest gain are marked."""
    pairs = {
        name: (values["original"], values["enhanced"])
        for name, values in psnr.items()
        if {"original", "enhanced"} <= values.keys()
    }
    order = sorted(pairs, key=lambda name: pairs[name][1] - pairs[name][0])
    marks = {order[0]: "worst", order[-1]: "best"} if len(order) > 1 else {}
    return [Point(name, x, y, marks.get(name, "")) for name, (x, y) in pairs.items()]
