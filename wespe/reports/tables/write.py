"""A table as JSON, HTML, CSV, Markdown and LaTeX."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from wespe.core.files import atomic_file, write_json
from wespe.reports.tables.numbers import cell_parts

Data = Mapping[str, Any]

SIMULATED = "Demo, simulated camera: these numbers say nothing of a real one."
_ARROWS = {"higher": " ↑", "lower": " ↓", None: ""}
_FIELDS = ("value", "low", "high", "paper", "p", "n", "note")
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


def write(folder: Path, data: Data) -> None:
    """Write `data`, as `wespe.reports.tables` describes it, into `folder` in all five formats."""
    write_json(folder / f"{data['name']}.json", data)
    formats = {"html": as_html, "csv": as_csv, "md": as_markdown, "tex": as_latex}
    for suffix, text in formats.items():
        with atomic_file(folder / f"{data['name']}.{suffix}") as temporary:
            temporary.write_text(text(data), "utf-8")


def as_html(data: Data) -> str:
    """A page of its own, which needs nothing else."""
    environment = Environment(
        loader=PackageLoader("wespe.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("table_page.html.j2").render(data=data)


def as_csv(data: Data) -> str:
    """A line a cell: `photos,method,metric` and what the cell holds; empty where there is none."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["photos", "method", "metric", *_FIELDS])
    for row in data["rows"]:
        for key, cell in row["cells"].items():
            values = ["" if cell[field] is None else cell[field] for field in _FIELDS]
            table.writerow([row["photos"], row["method"], key, *values])
    return stream.getvalue()


def as_markdown(data: Data) -> str:
    """Heading, caption, table and notes in GitHub's dialect."""
    grid = _grid(data)
    lines = [f"# {data['title']}", "", *([f"**{SIMULATED}**", ""] if data["simulated"] else [])]
    lines += [data["caption"], ""]
    for number, row in enumerate(grid):
        lines.append(f"| {' | '.join(_in_a_cell(text) for text in row)} |")
        if number == 0:
            lines.append(f"|{'---|' * 2}{'---:|' * (len(row) - 2)}")
    notes = [f"({number}) {note}" for number, note in enumerate(data["notes"], 1)]
    return "\n\n".join(["\n".join(lines), *notes]) + "\n"


def as_latex(data: Data) -> str:
    """A `table` that needs no package; LaTeX of 2018 or newer reads its UTF-8."""
    grid = _grid(data)
    said = [data["title"] + ".", *([SIMULATED] if data["simulated"] else []), data["caption"]]
    said += [f"({number}) {note}" for number, note in enumerate(data["notes"], 1)]
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


def _grid(data: Data) -> list[list[str]]:
    """Headings and rows as plain text."""
    headings = [
        f"{column['label']}{', ' * bool(column['unit'])}{column['unit']}"
        f"{_ARROWS[column['direction']]}"
        for column in data["columns"]
    ]
    grid = [["photos", "method", *headings]]
    for row in data["rows"]:
        cells = [_text(row["cells"][column["key"]], column, data) for column in data["columns"]]
        grid.append([row["photos"], row["method"], *cells])
    return grid


def _text(cell: Data, column: Data, data: Data) -> str:
    parts = cell_parts(cell, column)
    details = [parts[key] for key in ("p", "n") if key in parts]
    details += [f"paper {parts['paper']}"] if "paper" in parts else []
    text = " ".join(parts[key] for key in ("value", "interval") if key in parts)
    text += f" ({', '.join(details)})" if details else ""
    return text + (f" ({data['notes'].index(cell['note']) + 1})" if cell["note"] else "")
