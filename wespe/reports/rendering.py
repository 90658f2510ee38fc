"""What all templates share: where they are, and how numbers are written."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from wespe.reports.compare import is_number, title
from wespe.results.score import typeset
from wespe.results.statistics import RESAMPLES
from wespe.results.tables import Cell, Column, Table


def environment() -> Environment:
    """The templates of this room.

    They have the filters `number`, `title`, `parts` and `legend`, and the number `RESAMPLES`.
    """
    made = Environment(
        loader=PackageLoader("wespe.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "title": title, "parts": cell_parts, "legend": legend}
    made.globals["RESAMPLES"] = RESAMPLES
    return made


def number(value: float | None, form: str) -> str:
    """`value` in the format `form`; a dash where there is none or it is not finite."""
    return typeset(value, form) if is_number(value) else "–"


def p_text(p: float) -> str:
    """`p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def cell_parts(cell: Cell, column: Column, table: Table) -> dict[str, str]:
    """Those of value, interval, n, p, paper and mark of a note that a cell has, as text.

    A cell without a value has no `n`; its value is `not at hand` if a note gives the reason, else a
    dash. What is the same in all cells is left to the `legend`.
    """
    text = column.shown.text
    if cell.value is None:
        parts = {"value": "not at hand" if cell.note else "–"}
    else:
        parts = {"value": text(cell.value)}
        if table.common_n is None:
            parts["n"] = f"n = {cell.n}"
    if cell.low is not None and cell.high is not None:
        parts["interval"] = f"[{text(cell.low)}, {text(cell.high)}]"
    if cell.p is not None:
        parts["p"] = p_text(cell.p)
    if cell.paper is not None:
        parts["paper"] = text(cell.paper, column.paper_decimals)
    if cell.note and not table.only_says_why_empty:
        parts["mark"] = f"({table.notes.index(cell.note) + 1})"
    return parts


def legend(table: Table) -> list[str]:
    """The sentences under a table: its caption, n where it is one, and the notes of its cells."""
    said = [table.caption]
    if table.common_n is not None:
        said[0] += f" n = {table.common_n:,} in every cell."
    if table.only_says_why_empty:
        return [*said, f"Not at hand: {table.notes[0]}"]
    return said + [f"({number}) {note}" for number, note in enumerate(table.notes, 1)]
