"""A table as JSON, HTML, CSV, Markdown and LaTeX."""

import csv
import io
import re
from pathlib import Path

from wespe.core.files import atomic_file
from wespe.reports.rendering import cell_parts, environment, legend
from wespe.results.layout import TableFiles
from wespe.results.record import write_record
from wespe.results.tables import Cell, Check, Column, Table

SIMULATED = "Demo, simulated camera: these numbers say nothing about a real one."
_ARROWS = {"higher": " ↑", "lower": " ↓", None: ""}
_FIELDS = ("value", "low", "high", "paper", "p", "n", "note")
_VERDICTS = {True: "agrees", False: "differs", None: "undecided"}
_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "−": "$-$",
    "×": r"$\times$",
    "→": r"$\to$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
}


def write(folder: Path, table: Table) -> None:
    """Write `table` into `folder` in all five formats."""
    files = TableFiles(folder, table.name)
    write_record(files.record, table)
    texts = {
        files.written("html"): as_html(table),
        files.written("csv"): as_csv(table),
        files.written("md"): as_markdown(table),
        files.written("tex"): as_latex(table),
    }
    for path, text in texts.items():
        with atomic_file(path) as temporary:
            temporary.write_text(text, "utf-8")


def as_html(table: Table) -> str:
    """A page of its own, which needs nothing else."""
    return environment().get_template("table_page.html.j2").render(data=table)


def as_csv(table: Table) -> str:
    """A line a cell: `photos,method,metric` and what the cell holds; empty where there is none."""
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(["photos", "method", "metric", *_FIELDS])
    for row in table.rows:
        for key, cell in row.cells.items():
            values = (getattr(cell, field) for field in _FIELDS)
            written = ("" if value is None else value for value in values)
            lines.writerow([row.photos, row.method, key, *written])
    return stream.getvalue()


def as_markdown(table: Table) -> str:
    """Heading, caption, table and notes in GitHub's dialect."""
    grid = _grid(table)
    lines = [f"# {table.title}", "", *([f"**{SIMULATED}**", ""] if table.simulated else [])]
    caption, *notes = legend(table)
    lines += [caption, ""]
    for number, row in enumerate(grid):
        lines.append(f"| {' | '.join(_in_a_cell(text) for text in row)} |")
        if number == 0:
            lines.append(f"|{'---|' * 2}{'---:|' * (len(row) - 2)}")
    return "\n\n".join(["\n".join(lines), *notes]) + "\n"


def as_latex(table: Table) -> str:
    """A `table` that needs no package; LaTeX of 2018 or newer reads its UTF-8."""
    grid = _grid(table)
    said = [table.title + ".", *([SIMULATED] if table.simulated else []), *legend(table)]
    lines = [r"\begin{table}", rf"\caption{{{latex(' '.join(said))}}}"]
    lines += [rf"\begin{{tabular}}{{ll{'r' * (len(grid[0]) - 2)}}}", r"\hline"]
    for number, row in enumerate(grid):
        lines.append(" & ".join(latex(text) for text in row) + r" \\")
        if number == 0:
            lines.append(r"\hline")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}"]) + "\n"


def latex(text: str) -> str:
    """`text` with what LaTeX takes for its own escaped."""
    return re.sub(".", lambda found: _LATEX.get(found[0], found[0]), text, flags=re.DOTALL)


def _in_a_cell(text: str) -> str:
    """`text` in a cell of Markdown: brackets would make links, a bar another cell."""
    return re.sub(r"([\\|\[\]*_<`])", r"\\\1", text)


def _grid(table: Table) -> list[list[str]]:
    """Headings and rows as plain text."""
    headings = [
        f"{', '.join(part for part in (shown.label, shown.unit) if part)}{_ARROWS[shown.better]}"
        for shown in (column.shown for column in table.columns)
    ]
    grid = [["photos", "method", *headings]]
    for row in table.rows:
        cells = [_text(row.cells[column.key], column, table) for column in table.columns]
        grid.append([row.photos, row.method, *cells])
    return grid


def _text(cell: Cell, column: Column, table: Table) -> str:
    parts = cell_parts(cell, column, table)
    details = [parts[key] for key in ("p", "n") if key in parts]
    details += [f"paper {parts['paper']}"] if "paper" in parts else []
    text = " ".join(parts[key] for key in ("value", "interval") if key in parts)
    text += f" ({', '.join(details)})" if details else ""
    return f"{text} {parts['mark']}" if "mark" in parts else text


def in_words(check: Check) -> str:
    """A comparison with the paper, e.g. "iPhone, original, png_bpp: 10.9, paper 10.67: agrees"."""
    cell, where = check.cell, f"{check.photos}, {check.method}, {check.column}"
    interval = "" if cell.low is None else f" [{cell.low:.4g}, {cell.high:.4g}]"
    return (
        f"{where}: {cell.value:.4g}{interval}, n = {cell.n}, paper {cell.paper:.4g}: "
        f"{_VERDICTS[check.agrees]}" + (f". {cell.note}" if cell.note else "")
    )
