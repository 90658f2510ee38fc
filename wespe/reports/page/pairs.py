"""What the page shows of a trained pair: its curves, its samples and its settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from wespe.core.flat import flat
from wespe.reports.page.charts import Series, line_chart
from wespe.reports.page.pictures import Picture, embed
from wespe.results.reading import PairResult

_MOST_SHEETS = 8


@dataclass(frozen=True)
class Curves:
    """A chart of losses and its legend: name and last value of each line."""

    title: str
    chart: Markup
    legend: list[tuple[str, float | None]]


@dataclass(frozen=True)
class PairView:
    """A pair, ready for the page."""

    result: PairResult
    curves: list[Curves]
    sheets: list[tuple[int, Picture]]
    """Step and picture, the last one first."""
    settings: list[tuple[str, str]]


def view_pair(result: PairResult) -> PairView:
    """Draw the losses and embed the samples, at most eight sheets evenly spread."""
    names = dict.fromkeys(key for record in result.losses for key in record if key != "step")
    discriminators = [name for name in names if name.startswith("d_")]
    generator = [name for name in names if name not in discriminators]
    groups = (("Generator losses", generator), ("Discriminator losses", discriminators))
    chosen = np.linspace(0, len(result.sheets) - 1, min(len(result.sheets), _MOST_SHEETS))
    sheets = [result.sheets[number] for number in chosen.round().astype(int)]
    return PairView(
        result,
        [_curves(result, title, names) for title, names in groups if names],
        [(_step(path), embed(path)) for path in reversed(sheets)],
        [(key, _in_yaml(value)) for key, value in flat(result.card.recipe)],
    )


def _curves(result: PairResult, title: str, names: list[str]) -> Curves:
    series = []
    for name in names:
        records = [record for record in result.losses if name in record]
        steps, values = ([record[key] for record in records] for key in ("step", name))
        series.append(Series(name, np.array(steps), np.array(values)))
    description = f"{title} of {result.name} by training step: {', '.join(names)}"
    chart = line_chart(series, x_label="Training step", y_label="Loss", title=description)
    return Curves(title, chart, [(name, result.card.final_losses.get(name)) for name in names])


def _step(sheet: Path) -> int:
    if not sheet.stem.isdecimal():
        raise ValueError(f"{sheet}: expected a name like 000400.jpg")
    return int(sheet.stem)


def _in_yaml(value: Any) -> str:
    """A value as a settings file has it."""
    return value if isinstance(value, str) else json.dumps(value)
