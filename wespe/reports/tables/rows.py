"""The rows of a table: by photos, the originals, plain enhancers, networks, and what is lacking."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wespe.judging.baselines import BASELINES
from wespe.reports.papers.values import Printed
from wespe.reports.tables.columns import Column
from wespe.results.reading import EvaluationResult

ORIGINAL = "original"
_LABELS = {
    "autocontrast": "autocontrast (stand-in for APE)",
    "grey_world": "grey-world stretch (stand-in for APE)",
    "clahe": "CLAHE (stand-in for APE)",
    "histogram_match": "unpaired histogram match",
}


@dataclass(frozen=True)
class Entry:
    """An evaluation in a table.

    `photos` and `network` name its photos and its network in the table. `dataset` and `method`:
    what they are in the paper's table, if anything. `published`: whether the network is one that
    others trained. `notes`: by metric, why a value differs from the paper's.
    """

    result: EvaluationResult
    photos: str
    network: str
    dataset: str | None = None
    method: str | None = None
    published: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    rated: Sequence[Column] = ()
    """The columns of the raters whose scores are in `result`."""


@dataclass(frozen=True)
class Row:
    """A row before its values.

    `entry` and `method`: the evaluation that has them and its name for the method; no evaluation
    where only the paper has values. `printed_as`: dataset and method of the paper's table, for a
    row that stands beside it. `checked`: whether its values should be those of the paper.
    """

    photos: str
    label: str
    entry: Entry | None
    method: str
    printed_as: tuple[str, str] | None
    checked: bool = False


def rows(entries: Sequence[Entry], paper: Printed) -> Iterator[Row]:
    """All rows of a table of `entries` beside `paper`; what only the paper has comes last."""
    for photos in dict.fromkeys(entry.photos for entry in entries):
        group = [entry for entry in entries if entry.photos == photos]
        dataset = group[0].dataset
        yield _row(photos, ORIGINAL, group[0], ORIGINAL, dataset, ORIGINAL, checked=True)
        for method in BASELINES:
            having = (entry for entry in group if method in entry.result.summary.methods)
            if source := next(having, None):
                yield _row(photos, _LABELS.get(method, method), source, method, None, None)
        for entry in group:
            named = (photos, entry.network, entry, "enhanced", dataset, entry.method)
            yield _row(*named, checked=entry.published)
        if dataset:
            yield from _lacking(paper, dataset, {ORIGINAL, *(entry.method for entry in group)})
    covered = {entry.dataset for entry in entries}
    for dataset in paper.datasets:
        if dataset not in covered:
            yield from _lacking(paper, dataset, set())


def _row(
    photos: str,
    label: str,
    entry: Entry,
    method: str,
    dataset: str | None,
    printed: str | None,
    *,
    checked: bool = False,
) -> Row:
    printed_as = (dataset, printed) if dataset and printed else None
    return Row(photos, label, entry, method, printed_as, checked)


def _lacking(paper: Printed, dataset: str, ours: set[str | None]) -> Iterator[Row]:
    """A row for each method of the paper that is not among `ours`."""
    for method in paper.methods:
        if method not in ours:
            yield Row(dataset, method, None, "", (dataset, method))
