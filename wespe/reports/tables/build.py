"""A table from evaluations: what stands in each cell."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wespe.reports.cells import cell_of
from wespe.reports.papers.settings import Table as TableSettings
from wespe.reports.papers.values import TITLES, Printed, printed
from wespe.reports.tables.caption import caption
from wespe.reports.tables.columns import Measure, measures
from wespe.reports.tables.entries import Entry, Trained, entries
from wespe.reports.tables.planned_rows import PlannedRow, planned_rows
from wespe.results.evaluations import Measured, by_part
from wespe.results.layout import Layout
from wespe.results.means import mean_of
from wespe.results.methods import ORIGINAL
from wespe.results.reading import read_evaluation, read_rating
from wespe.results.statistics import FEWEST, Values, agrees, cluster_means, paired_p
from wespe.results.tables import Cell, Check, Column, Row, Table

_Parts = Mapping[Measured, Mapping[str, float]]  # as `by_part` has them

_CLOSED = "The Apple Photo Enhancer is closed software: not at hand."
_LACKING = "No such photos or no such network are at hand."
_UNMEASURED = "Nothing at hand measures it."
_FEW = f"Fewer than {FEWEST} photos: no interval, no test."
_UNEXPLAINED = "Differs from the paper's value by more than the sampling error; not explained."


@dataclass(frozen=True)
class _Made:
    """A cell, and whether the paper's value is within its interval."""

    cell: Cell
    agrees: bool | None = None


def make_table(
    name: str, settings: TableSettings, layout: Layout, pairs: Mapping[str, Trained]
) -> Table:
    """The table `name` of the evaluations and ratings that its settings name.

    `pairs`: what each pair was trained by. Raises ValueError as `entries` and `build` do, and for a
    wrong file.
    """
    results = {
        key: read_evaluation(key, layout.evaluation(key).folder) for key in settings.evaluations
    }
    ratings = [read_rating(key, layout.rating(key).folder) for key in settings.ratings]
    return build(name, settings, entries(name, settings, results, ratings, pairs))


def build(name: str, settings: TableSettings, entered: Sequence[Entry]) -> Table:
    """The table `name` of the entries `entered`.

    Raises ValueError for a note on a column that is not there, and for a file whose name
    `settings.photo_of` does not fit.
    """
    paper = printed(settings.paper) if settings.paper else Printed({}, {})
    measured = {key for entry in entered for row in entry.result.images for key in row.values}
    rated = {measure.key: measure for entry in entered for measure in entry.rated}
    columns = measures(settings.paper, measured, rated.values())
    _check_notes(name, entered, [measure.key for measure in columns])
    made = [
        (planned, {each.key: _make(planned, each, paper, settings.photo_of) for each in columns})
        for planned in planned_rows(entered, paper)
    ]
    return Table(
        name=name,
        title=settings.title or TITLES.get(settings.paper or "", name),
        caption=caption(
            settings.paper,
            grouped=settings.photo_of is not None,
            crops=any(entry.result.summary.n_crops for entry in entered),
        ),
        simulated=any(entry.result.summary.simulated for entry in entered),
        columns=tuple(
            Column(key=each.key, shown=each.shown, paper_decimals=paper.decimals.get(each.key))
            for each in columns
        ),
        rows=tuple(
            Row(
                photos=planned.photos,
                method=planned.label,
                cells={key: one.cell for key, one in cells.items()},
            )
            for planned, cells in made
        ),
        checks=tuple(check for planned, cells in made for check in _checks(planned, cells)),
    )


def _check_notes(name: str, entries: Sequence[Entry], known: Sequence[str]) -> None:
    for entry in entries:
        for key in entry.notes:
            if key not in known:
                where = f"tables.{name}.evaluations.{entry.result.name}.notes"
                raise ValueError(f"{where}: expected columns ({', '.join(known)}), got {key!r}")


def _checks(planned: PlannedRow, cells: Mapping[str, _Made]) -> list[Check]:
    if not planned.checked:
        return []
    return [
        Check(
            photos=planned.photos,
            method=planned.label,
            column=key,
            cell=made.cell,
            agrees=made.agrees,
        )
        for key, made in cells.items()
        if made.cell.paper is not None and made.cell.value is not None
    ]


def _make(planned: PlannedRow, measure: Measure, paper: Printed, photo_of: str | None) -> _Made:
    beside = paper.values.get((*planned.printed_as, measure.key)) if planned.printed_as else None
    parts = by_part(planned.entry.result.images, measure.metric) if planned.entry else {}
    values, photos = _values(parts, planned.method, measure, photo_of)
    if not len(values):
        missing = _CLOSED if planned.label == "APE" else _LACKING
        return _Made(Cell(paper=beside, note=_UNMEASURED if planned.entry else missing))
    cell = cell_of(mean_of(values, measure.over_photos, photos=photos))
    found = None if cell.low is None or cell.high is None else (cell.low, cell.high)
    single = cluster_means(values, photos)
    agreement = None if beside is None else agrees(beside, single, found, measure.over_photos)
    notes = [] if found else [_FEW]
    if planned.checked and agreement is False:
        assert planned.entry
        notes.append(planned.entry.notes.get(measure.key, _UNEXPLAINED))
    p = None if planned.method == ORIGINAL else _p(parts, planned.method, measure, photo_of)
    return _Made(replace(cell, paper=beside, p=p, note=" ".join(notes) or None), agreement)


def _p(parts: _Parts, method: str, measure: Measure, photo_of: str | None) -> float | None:
    """The p-value against the originals, of the photos' means of what has both values."""
    both = {part: found for part, found in parts.items() if {method, ORIGINAL} <= found.keys()}
    sides = (_values(both, name, measure, photo_of) for name in (method, ORIGINAL))
    return paired_p(*(cluster_means(values, photos) for values, photos in sides))


def _values(
    parts: _Parts, method: str, measure: Measure, photo_of: str | None
) -> tuple[Values, Sequence[Hashable]]:
    """The values of a method's photos or crops, and the photo of each.

    Files that `photo_of` groups have one value, their mean.
    """
    having = [part for part, found in parts.items() if method in found]
    photos = [_photo(part, photo_of) for part in having]
    values = measure.per_photo(np.array([parts[part][method] for part in having], np.float64))
    if photo_of is None:
        return values, photos
    return cluster_means(values, photos), list(dict.fromkeys(photos))


def _photo(part: Measured, photo_of: str | None) -> str:
    if photo_of is None:
        return part.photo
    match = re.fullmatch(photo_of, part.photo)
    if not match:
        raise ValueError(f"photo_of: expected names like {photo_of!r}, got {part.photo!r}")
    return match[1]
