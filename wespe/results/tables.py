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
    """The metric or score; rows have their cells by this key."""
    shown: Score
    """Its heading, unit, better direction and decimals."""
    paper_decimals: int | None = None
    """The paper's number of decimals; null if it has no such column."""


@dataclass(frozen=True, kw_only=True)
class Cell(Record):
    """The value of a method by a metric; missing parts are null."""

    value: float | None = None
    """The mean over photos; null if the data are not at hand, as `note` then explains."""
    low: float | None = None
    """The lower end of its 95 % bootstrap interval over photos."""
    high: float | None = None
    """The upper end of that interval."""
    paper: float | None = None
    """What the paper prints for the same method on the same dataset."""
    p: float | None = None
    """The p-value of the two-sided Wilcoxon signed-rank test against the original photos."""
    n: int = 0
    """The number of photos."""
    note: str | None = None
    """What a reader must know about this cell."""
    best: bool = False
    """Whether it is marked as the best of its column."""


@dataclass(frozen=True, kw_only=True)
class Row(Record):
    """A row: a method on a set of photos."""

    photos: str
    """What the table calls the photos; empty if all rows have the same."""
    method: str
    """What the table calls the method."""
    cells: Mapping[str, Cell]
    """The cells, by the key of their column."""
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
    """Our value and the paper's."""
    agrees: bool | None
    """Whether the paper's value is within our interval; null if this cannot be decided."""


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
    """What a reader must know about the whole table."""
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

    @property
    def common_n(self) -> int | None:
        """The number of photos of all cells that have a value; None where they differ."""
        counts = {cell.n for row in self.rows for cell in row.cells.values() if cell.n}
        return counts.pop() if len(counts) == 1 else None

    @property
    def only_says_why_empty(self) -> bool:
        """Whether there is one note alone, the reason of every empty cell and of no other."""
        cells = [row.cells[column.key] for row in self.rows for column in self.columns]
        empty = {cell.note for cell in cells if cell.value is None}
        return (
            len(self.notes) == 1
            and empty == set(self.notes)
            and not any(cell.note for cell in cells if cell.value is not None)
        )
