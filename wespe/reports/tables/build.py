"""A table from evaluations: what stands in each cell."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wespe.reports.compare import by_photo
from wespe.reports.papers.settings import Table
from wespe.reports.papers.values import TITLES, Printed, printed
from wespe.reports.tables.caption import caption
from wespe.reports.tables.columns import Column, Values, columns
from wespe.reports.tables.rows import ORIGINAL, Entry, Row, rows
from wespe.reports.tables.statistics import FEWEST, agrees, interval, paired_p

_CLOSED = "The Apple Photo Enhancer is closed software: not at hand."
_LACKING = "No such photos or no such network are at hand."
_UNMEASURED = "Nothing at hand measures it."
_FEW = f"Fewer than {FEWEST} photos: no interval, no test."
_UNEXPLAINED = "Differs from the paper's value by more than the sampling error; not explained."
_HEADING = ("key", "label", "unit", "direction", "decimals")


@dataclass(frozen=True)
class Cell:
    """A cell as `wespe.reports.tables` describes it; `agrees` goes into the table's checks."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    paper: float | None = None
    p: float | None = None
    n: int = 0
    note: str | None = None
    agrees: bool | None = None

    def shown(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "agrees"}


def build(name: str, settings: Table, entries: Sequence[Entry], *, seed: int) -> dict[str, Any]:
    """The table `name` of `entries`, as the object that `wespe.reports.tables` describes.

    `seed` decides the bootstrap's draws. Raises ValueError for a note on a column that is not
    there, and for a file whose name `settings.photo_of` does not fit.
    """
    paper = printed(settings.paper) if settings.paper else Printed({}, {})
    measured = {key for entry in entries for row in entry.result.images for key in row.values}
    rated = {column.key: column for entry in entries for column in entry.rated}
    shown = columns(settings.paper, measured, rated.values())
    _check_notes(name, entries, [column.key for column in shown])
    made = [
        (row, {column.key: _cell(row, column, paper, settings.photo_of, seed) for column in shown})
        for row in rows(entries, paper)
    ]
    notes = [cell.note for _, cells in made for cell in cells.values() if cell.note]
    return {
        "name": name,
        "title": settings.title or TITLES.get(settings.paper or "", name),
        "caption": caption(settings.paper, crops=settings.photo_of is not None),
        "simulated": any(entry.result.summary.simulated for entry in entries),
        "columns": [
            {key: getattr(column, key) for key in _HEADING}
            | {"paper_decimals": paper.decimals.get(column.key)}
            for column in shown
        ],
        "rows": [
            {
                "label": f"{row.photos}: {row.label}",
                "photos": row.photos,
                "method": row.label,
                "cells": {key: cell.shown() for key, cell in cells.items()},
            }
            for row, cells in made
        ],
        "notes": list(dict.fromkeys(notes)),
        "checks": [
            {"photos": row.photos, "method": row.label, "column": key, **asdict(cell)}
            for row, cells in made
            for key, cell in cells.items()
            if row.checked and cell.paper is not None and cell.value is not None
        ],
    }


def _check_notes(name: str, entries: Sequence[Entry], known: Sequence[str]) -> None:
    for entry in entries:
        for key in entry.notes:
            if key not in known:
                where = f"tables.{name}.evaluations.{entry.result.name}.notes"
                raise ValueError(f"{where}: expected columns ({', '.join(known)}), got {key!r}")


def _cell(row: Row, column: Column, paper: Printed, photo_of: str | None, seed: int) -> Cell:
    beside = paper.values.get((*row.printed_as, column.key)) if row.printed_as else None
    values, originals = _values(row, column, photo_of)
    if not len(values):
        lacking = _CLOSED if row.label == "APE" else _LACKING
        return Cell(paper=beside, note=_UNMEASURED if row.entry else lacking)
    found = interval(values, column.over_photos, seed)
    low, high = found or (None, None)
    agreement = None if beside is None else agrees(beside, values, found, column.over_photos)
    said = [] if found else [_FEW]
    if row.checked and agreement is False:
        assert row.entry
        said.append(row.entry.notes.get(column.key, _UNEXPLAINED))
    return Cell(
        value=column.over_photos(values),
        low=low,
        high=high,
        paper=beside,
        p=None if row.method == ORIGINAL else paired_p(values, originals),
        n=len(values),
        note=" ".join(said) or None,
        agrees=agreement,
    )


def _values(row: Row, column: Column, photo_of: str | None) -> tuple[Values, Values]:
    """The values of a row's photos and of their originals, in one order; none without an entry.

    What equals its reference, and an infinite value, is left out, as in an evaluation's means.
    """
    photos = by_photo(row.entry.result.images, column.metric) if row.entry else {}
    files = [file for file, values in photos.items() if {row.method, ORIGINAL} <= values.keys()]
    ours, theirs = (
        _one_a_photo(files, [photos[file][method] for file in files], column, photo_of)
        for method in (row.method, ORIGINAL)
    )
    return ours, theirs


def _one_a_photo(
    files: Sequence[str], values: Sequence[float], column: Column, photo_of: str | None
) -> Values:
    """One value a photo: the mean of its crops, where `photo_of` tells which those are."""
    transformed = column.per_photo(np.asarray(values, np.float64))
    if photo_of is None:
        return transformed
    groups: dict[str, list[float]] = {}
    for file, value in zip(files, transformed, strict=True):
        match = re.fullmatch(photo_of, file)
        if not match:
            raise ValueError(f"photo_of: expected names like {photo_of!r}, got {file!r}")
        groups.setdefault(match[1], []).append(float(value))
    return np.array([np.mean(crops) for crops in groups.values()], np.float64)
