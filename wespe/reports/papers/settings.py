"""The settings of tables: what is compared with what a paper prints."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from wespe.core.schema import Name, Settings
from wespe.reports.papers.values import printed


def _with_one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups != 1:
        raise ValueError("expected a regular expression with one group in parentheses")
    return pattern


class TableEntry(Settings):
    """An evaluation in a table, in the words of the paper's table."""

    dataset: str | None = None
    """The dataset of the paper that the photos come from, such as `iPhone`. Leave it out for other
    photos, even of the same kind. They are then named by their source, and no value of the paper is
    shown beside theirs."""
    method: str | None = None
    """The paper's method for the pair's network, such as `WESPE [DPED]` or `DPED`. By default no
    value of the paper is shown beside its values."""
    notes: dict[Name, str] = Field({})
    """For each metric, why a value of the originals or of a published network differs from the
    paper's by more than the sampling error. The note is shown only if it does."""


class Table(Settings):
    """A table of evaluations, beside a table of a paper."""

    paper: (
        Literal["wespe_2", "wespe_3", "wespe_6", "wespe_7", "wespe_8", "dped_1", "sr_x4"] | None
    ) = None
    """The table of the WESPE or DPED paper whose metrics and values are shown, or that of published
    values of super-resolution. By default the table
    has all metrics and no values of a paper."""
    title: str | None = None
    """The heading. By default that of the paper's table."""
    evaluations: dict[Name, TableEntry]
    """The evaluations in the table, by name. Originals and plain enhancers come from the first
    evaluation of the same photos that has them."""
    ratings: tuple[Name, ...] = ()
    """The ratings in the table, each with the pair and photos of one of its evaluations. If a rater
    is one of the paper's, such as `CORNIA`, it fills that column. Any other, such as `CORNIA
    (refit)`, has a column of its own without values of the paper."""
    photo_of: Annotated[str, AfterValidator(_with_one_group)] | None = None
    """For evaluations with several crops of a photo: a regular expression for file names, whose one
    group identifies the photo. Crops of one photo count once, with the mean of their values. By
    default every image is a photo."""


def table_problems(
    tables: Mapping[str, Table],
    evaluations: Mapping[str, tuple[str, str]],
    ratings: Mapping[str, tuple[str, str]],
) -> Iterator[str]:
    """A line for each entry that is not what its table's paper, evaluations or ratings have.

    `evaluations`, `ratings`: by name, their pair and the source of their photos.
    """
    for name, table in tables.items():
        of_dataset: dict[str, str] = {}
        for evaluation, entry in table.evaluations.items():
            key = f"tables.{name}.evaluations.{evaluation}"
            if evaluation not in evaluations:
                known = ", ".join(evaluations) or "there are none"
                yield f"{key} must name an evaluation ({known})"
                continue
            _, photos = evaluations[evaluation]
            yield from _unlike_the_paper(key, table, entry)
            first = of_dataset.setdefault(entry.dataset or "", photos)
            if entry.dataset and first != photos:
                yield (
                    f"{key}.dataset: {entry.dataset} has the photos of {first} already, "
                    f"got those of {photos}"
                )
        about = {evaluations.get(evaluation) for evaluation in table.evaluations} - {None}
        for number, rating in enumerate(table.ratings):
            if ratings.get(rating) not in about:
                known = ", ".join(name for name, what in ratings.items() if what in about)
                yield (
                    f"tables.{name}.ratings.{number} must name a rating of the pair and photos of "
                    f"one of its evaluations ({known or 'there are none'}), got {rating!r}"
                )


def _unlike_the_paper(key: str, table: Table, entry: TableEntry) -> Iterator[str]:
    for what in ("dataset", "method"):
        value: str | None = getattr(entry, what)
        if value is None:
            continue
        known = getattr(printed(table.paper), f"{what}s") if table.paper else []
        # "original" is never what a network makes, nor is "average" a set of photos.
        known = [item for item in known if item not in ("original", "bicubic", "average")]
        if value not in known:
            choice = ", ".join(known) or f"none, without tables.{key.split('.')[1]}.paper"
            yield f"{key}.{what} must be one of the paper's ({choice}), got {value!r}"
