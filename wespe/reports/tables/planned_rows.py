"""The rows of a table: by photos, the originals, plain enhancers, networks, and what is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wespe.reports.papers.values import Printed
from wespe.reports.tables.entries import Entry
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET

BICUBIC = "bicubic"
"""What tables call the originals of an evaluation that made them smaller."""

_LABELS = {
    "autocontrast": "autocontrast (stand-in for APE)",
    "grey_world": "grey-world stretch (stand-in for APE)",
    "clahe": "CLAHE (stand-in for APE)",
    "histogram_match": "unpaired histogram match",
}


@dataclass(frozen=True)
class PlannedRow:
    """A row before its values.

    `entry` and `method`: the evaluation that has them and its name for the method; no evaluation
    where only the paper has values. `printed_as`: dataset and method of the paper's table, for a
    row that stands beside it. `checked`: whether its values should be those of the paper, which
    those of simulated photos should not.
    """

    photos: str
    label: str
    entry: Entry | None
    method: str
    printed_as: tuple[str, str] | None
    checked: bool = False


def planned_rows(entries: Sequence[Entry], paper: Printed) -> Iterator[PlannedRow]:
    """All rows of a table of `entries` beside `paper`; what only the paper has comes last."""
    for photos in dict.fromkeys(entry.photos for entry in entries):
        group = [entry for entry in entries if entry.photos == photos]
        dataset = group[0].dataset
        real = not any(entry.result.summary.simulated for entry in group)
        # What is made larger begins as the small photo, enlarged.
        first = ORIGINAL if group[0].result.summary.scale == 1 else BICUBIC
        yield _planned(photos, first, group[0], ORIGINAL, dataset, first, checked=real)
        for method, source in _baselines(group).items():
            yield _planned(photos, _LABELS.get(method, method), source, method, None, None)
        for entry in group:
            named = (photos, entry.network, entry, ENHANCED, dataset, entry.method)
            yield _planned(*named, checked=real and entry.published)
        if dataset:
            yield from _lacking(paper, dataset, {first, *(entry.method for entry in group)})
    covered = {entry.dataset for entry in entries}
    for dataset in paper.datasets:
        if dataset not in covered:
            yield from _lacking(paper, dataset, set())


def _baselines(group: Sequence[Entry]) -> dict[str, Entry]:
    """Each baseline, and the first of the entries that has it, in the order of the evaluations."""
    found: dict[str, Entry] = {}
    for entry in group:
        for method in entry.result.summary.methods:
            if method not in {ORIGINAL, ENHANCED, TARGET}:
                found.setdefault(method, entry)
    return found


def _planned(
    photos: str,
    label: str,
    entry: Entry,
    method: str,
    dataset: str | None,
    printed: str | None,
    *,
    checked: bool = False,
) -> PlannedRow:
    printed_as = (dataset, printed) if dataset and printed else None
    return PlannedRow(photos, label, entry, method, printed_as, checked)


def _lacking(paper: Printed, dataset: str, ours: set[str | None]) -> Iterator[PlannedRow]:
    """A row for each method of the paper that is not among `ours`."""
    for method in paper.methods:
        if method not in ours:
            yield PlannedRow(dataset, method, None, "", (dataset, method))
