"""The five formats of one table."""

import csv
import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

from wespe.reports.tables.write import as_csv, as_html, as_latex, as_markdown, latex, write

NOTE = "Other frames, 50 % of them."


def cell(**values: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("value", "low", "high", "paper", "p", "note")) | {"n": 0}
    return nothing | values


@pytest.fixture
def data() -> dict[str, Any]:
    full = cell(value=-1.25, low=-2.0, high=0.5, paper=7.12, p=0.0004, n=120, note=NOTE)
    plain = cell(value=7.5, n=3, p=0.25)
    columns = [
        {
            "key": "a",
            "label": "A_1",
            "unit": "dB",
            "direction": "higher",
            "decimals": 2,
            "paper_decimals": 2,
        },
        {
            "key": "b",
            "label": "B",
            "unit": "",
            "direction": None,
            "decimals": 1,
            "paper_decimals": None,
        },
    ]
    rows = [
        {
            "label": "my_phone & co: a|b <x>",
            "photos": "my_phone & co",
            "method": "a|b <x>",
            "cells": {"a": full, "b": plain},
        },
        {
            "label": "KITTI: WESPE [DIV2K]",
            "photos": "KITTI",
            "method": "WESPE [DIV2K]",
            "cells": {"a": cell(paper=8.0, note="Not at hand."), "b": cell(note="Not at hand.")},
        },
    ]
    return {
        **{"name": "t", "title": "Table 100 % & more", "caption": "Means.", "simulated": False},
        **{"columns": columns, "rows": rows, "notes": [NOTE, "Not at hand."], "checks": []},
    }


def test_markdown(data: dict[str, Any]) -> None:
    assert as_markdown(data).splitlines() == [
        "# Table 100 % & more",
        "",
        "Means.",
        "",
        "| photos | method | A\\_1, dB ↑ | B |",
        "|---|---|---:|---:|",
        "| my\\_phone & co | a\\|b \\<x> | −1.25 \\[−2.00, 0.50\\] "
        "(p \\< 0.001, n = 120, paper 7.12) (1) | 7.5 (p = 0.250, n = 3) |",
        "| KITTI | WESPE \\[DIV2K\\] | not at hand (paper 8.00) (2) | not at hand (2) |",
        "",
        f"(1) {NOTE}",
        "",
        "(2) Not at hand.",
    ]


def test_latex(data: dict[str, Any]) -> None:
    assert as_latex(data).splitlines() == [
        r"\begin{table}",
        r"\caption{Table 100 \% \& more. Means. (1) Other frames, 50 \% of them. "
        r"(2) Not at hand.}",
        r"\begin{tabular}{llrr}",
        r"\hline",
        r"photos & method & A\_1, dB $\uparrow$ & B \\",
        r"\hline",
        r"my\_phone \& co & a|b $<$x$>$ & $-$1.25 [$-$2.00, 0.50] (p $<$ 0.001, n = 120, "
        r"paper 7.12) (1) & 7.5 (p = 0.250, n = 3) \\",
        r"KITTI & WESPE [DIV2K] & not at hand (paper 8.00) (2) & not at hand (2) \\",
        r"\hline",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_latex_escapes_what_is_its_own() -> None:
    assert latex(r"\a_{b}^~#$") == (
        r"\textbackslash{}a\_\{b\}\textasciicircum{}\textasciitilde{}\#\$"
    )


def test_csv_has_a_line_a_cell_and_nothing_where_there_is_nothing(data: dict[str, Any]) -> None:
    rows = list(csv.DictReader(as_csv(data).splitlines()))
    assert len(rows) == 4
    assert rows[0] == {
        **{"photos": "my_phone & co", "method": "a|b <x>", "metric": "a", "value": "-1.25"},
        **{"low": "-2.0", "high": "0.5", "paper": "7.12", "p": "0.0004", "n": "120", "note": NOTE},
    }
    assert (rows[2]["value"], rows[2]["paper"], rows[2]["n"]) == ("", "8.0", "0")


class Cells(html.parser.HTMLParser):
    """The text of every body cell, and the value it is sorted by."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[str | None, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            self.cells.append((dict(attrs).get("data-value"), ""))

    def handle_data(self, data: str) -> None:
        if self.cells:
            value, text = self.cells[-1]
            self.cells[-1] = (value, f"{text} {data}")


def test_html(data: dict[str, Any]) -> None:
    page = as_html(data)
    parser = Cells()
    parser.feed(page.partition("</table>")[0])
    texts = [(value, " ".join(text.split())) for value, text in parser.cells]
    assert texts[3:] == [
        ("my_phone & co: a|b <x>", "my_phone & co: a|b <x>"),
        ("-1.25", "−1.25 (1) [−2.00, 0.50] n = 120, p < 0.001 paper 7.12"),
        ("7.5", "7.5 n = 3, p = 0.250"),
        ("KITTI: WESPE [DIV2K]", "KITTI: WESPE [DIV2K]"),
        ("", "not at hand (2) paper 8.00"),
        ("", "not at hand (2)"),
    ]
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert '<span title="higher is better">↑</span>' in page
    assert f"(1) {NOTE}" in page


def test_what_is_simulated_says_so_in_every_format_for_people(data: dict[str, Any]) -> None:
    for text in (as_html, as_markdown, as_latex):
        assert "simulated camera" not in text(data)
        assert "Demo, simulated camera" in text(data | {"simulated": True})


def test_all_files_are_written(tmp_path: Path, data: dict[str, Any]) -> None:
    write(tmp_path, data)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"t.{suffix}" for suffix in ("json", "html", "csv", "md", "tex")
    }
    assert json.loads((tmp_path / "t.json").read_text("utf-8")) == data


def test_an_empty_table_has_all_formats(tmp_path: Path, data: dict[str, Any]) -> None:
    write(tmp_path, data | {"columns": [], "rows": [], "notes": []})
    assert "| photos | method |" in (tmp_path / "t.md").read_text("utf-8")
