"""A table of evaluations or ratings, such as one beside a paper's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from wespe.results.record import Record
from wespe.results.score import Score


@dataclass(frozen=True, kw_only=True)
class Column(Record):
    """A column: its heading and how its numbers are shown."""

    key: str
    """The metric or score, by which rows have their cells."""
    shown: Score
    """Its heading, unit, better direction and decimals."""
    paper_decimals: int | None = None
    """With how many the paper prints its values; null where it has no such column."""


@dataclass(frozen=True, kw_only=True)
class Cell(Record):
    """The value of a method by a metric; what there is not is null."""

    value: float | None = None
    """The mean over photos; null where the data are not at hand, which `note` then says."""
    low: float | None = None
    """The lower end of its 95 % bootstrap interval over photos."""
    high: float | None = None
    """The upper end of that interval."""
    paper: float | None = None
    """What the paper prints for the same method on the same dataset."""
    p: float | None = None
    """Of the two-sided Wilcoxon signed-rank test of the photos against their originals."""
    n: int = 0
    """The number of photos."""
    note: str | None = None
    """What a reader has to know about this cell."""
    best: bool = False
    """Whether it is the best of its column, where that is marked."""


@dataclass(frozen=True, kw_only=True)
class Row(Record):
    """A row: a method on a set of photos."""

    photos: str
    """What the table calls the photos; empty where all rows have the same."""
    method: str
    """What the table calls the method."""
    cells: Mapping[str, Cell]
    """By the key of the column."""
    marked: bool = False
    """Whether it is the row that the table is about."""

    @property
    def label(self) -> str:
        """`photos: method`, or the method."""
        return f"{self.photos}: {self.method}" if self.photos else self.method


@dataclass(frozen=True, kw_only=True)
class Check(Record):
    """A value of originals or of a published network that the paper prints too."""

    photos: str
    """What the table calls the photos."""
    method: str
    """What the table calls the method."""
    column: str
    """The key of the column."""
    cell: Cell
    """Ours and the paper's."""
    agrees: bool | None
    """Whether the paper's value is within our interval; null where that cannot be said."""


@dataclass(frozen=True, kw_only=True)
class Table(Record):
    """A table, as the report page and other programs read it."""

    what: ClassVar[str] = "a table, by `wespe tables`"
    where: ClassVar[str] = "results/tables/NAME.json"

    name: str
    """The name of the table in the settings."""
    title: str
    """Its heading."""
    caption: str
    """What a reader has to know about all of it."""
    simulated: bool
    """Whether any of its photos come from a camera simulation."""
    columns: tuple[Column, ...]
    """From left to right."""
    rows: tuple[Row, ...]
    """From top to bottom."""
    checks: tuple[Check, ...] = ()
    """The values that the paper has too."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all cells, each once, in the order of the cells."""
        cells = (row.cells[column.key] for row in self.rows for column in self.columns)
        return tuple(dict.fromkeys(cell.note for cell in cells if cell.note))
