"""The settings of tables: what is compared with what a paper prints."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator

from wespe.papers.values import printed
from wespe.schema import Name, Settings


def _with_one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    if groups != 1:
        raise ValueError("expected a regular expression with one group in parentheses")
    return pattern


class TableEntry(Settings):
    """An evaluation in a table, in the words of the paper's table."""

    dataset: str | None = None
    """The dataset of the paper that the photos are of, such as `iPhone`. Leave it out where they
    are others, also of the same kind: then they are named by their source, and no value of the
    paper stands beside theirs."""
    method: str | None = None
    """The method of the paper that the pair's network is one of, such as `WESPE [DPED]` or `DPED`.
    Without one no value of the paper stands beside its values."""
    notes: dict[Name, str] = {}
    """By metric, why a value of the originals or of a published network differs from the paper's by
    more than the sampling error. It is said where it does."""


class Table(Settings):
    """A table of evaluations, beside one of a paper."""

    paper: Literal["wespe_2", "wespe_3", "wespe_6", "wespe_7", "wespe_8", "dped_1"] | None = None
    """The table of the WESPE or the DPED paper whose metrics and values it has. Without one it has
    all metrics, and no value of a paper."""
    title: str | None = None
    """Its heading; without one that of the paper's table."""
    evaluations: dict[Name, TableEntry]
    """The evaluations that enter it, by their names. Originals and plain enhancers are those of
    the first evaluation of the same photos that has them."""
    photo_of: Annotated[str, AfterValidator(_with_one_group)] | None = None
    """For evaluations of several crops a photo: a regular expression for their files' names, whose
    one group tells the photo. Crops of one photo count as one, by the mean of their values. Without
    one every image is a photo."""


def table_problems(tables: Mapping[str, Table], photos: Mapping[str, str]) -> Iterator[str]:
    """A line for each entry that is not what its table's paper or the evaluations have.

    `photos`: the source of each evaluation's photos.
    """
    for name, table in tables.items():
        of_dataset: dict[str, str] = {}
        for evaluation, entry in table.evaluations.items():
            key = f"tables.{name}.evaluations.{evaluation}"
            if evaluation not in photos:
                known = ", ".join(photos) or "there are none"
                yield f"{key} must name an evaluation ({known})"
                continue
            yield from _unlike_the_paper(key, table, entry)
            first = of_dataset.setdefault(entry.dataset or "", photos[evaluation])
            if entry.dataset and first != photos[evaluation]:
                yield (
                    f"{key}.dataset: {entry.dataset} has the photos of {first} already, "
                    f"got those of {photos[evaluation]}"
                )


def _unlike_the_paper(key: str, table: Table, entry: TableEntry) -> Iterator[str]:
    for what in ("dataset", "method"):
        value: str | None = getattr(entry, what)
        if value is None:
            continue
        known = getattr(printed(table.paper), f"{what}s") if table.paper else []
        # "original" is never what a network makes, nor is "average" a set of photos.
        known = [item for item in known if item not in ("original", "average")]
        if value not in known:
            choice = ", ".join(known) or f"none, without tables.{key.split('.')[1]}.paper"
            yield f"{key}.{what} must be one of the paper's ({choice}), got {value!r}"
