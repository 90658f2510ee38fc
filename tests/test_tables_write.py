"""The five formats of one table."""

import csv
import html.parser
from dataclasses import replace
from pathlib import Path

import pytest

from wespe.reports.tables.write import (
    as_csv,
    as_html,
    as_latex,
    as_markdown,
    in_words,
    latex,
    write,
)
from wespe.results.record import read_record
from wespe.results.score import Score
from wespe.results.tables import Cell, Check, Column, Row, Table

NOTE = "Other frames, 50 % of them."


@pytest.fixture
def data() -> Table:
    full = Cell(value=-1.25, low=-2.0, high=0.5, paper=7.12, p=0.0004, n=120, note=NOTE)
    nothing = "Not at hand."
    rows = (
        Row(
            photos="my_phone & co",
            method="a|b <x>",
            cells={"a": full, "b": Cell(value=7.5, n=3, p=0.25)},
        ),
        Row(
            photos="KITTI",
            method="WESPE [DIV2K]",
            cells={"a": Cell(paper=8.0, note=nothing), "b": Cell(note=nothing)},
        ),
    )
    columns = (
        Column(key="a", shown=Score("A_1", "dB", "higher", 2), paper_decimals=2),
        Column(key="b", shown=Score("B", decimals=1)),
    )
    return Table(
        name="t",
        title="Table 100 % & more",
        caption="Means.",
        simulated=False,
        columns=columns,
        rows=rows,
    )


def test_markdown(data: Table) -> None:
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


def test_latex(data: Table) -> None:
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


def test_csv_has_a_line_a_cell_and_nothing_where_there_is_nothing(data: Table) -> None:
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


def test_html(data: Table) -> None:
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


def test_what_is_simulated_says_so_in_every_format_for_people(data: Table) -> None:
    for text in (as_html, as_markdown, as_latex):
        assert "simulated camera" not in text(data)
        assert "Demo, simulated camera" in text(replace(data, simulated=True))


def test_all_files_are_written(tmp_path: Path, data: Table) -> None:
    write(tmp_path, data)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"t.{suffix}" for suffix in ("json", "html", "csv", "md", "tex")
    }
    assert read_record(tmp_path / "t.json", Table) == data


def test_an_empty_table_has_all_formats(tmp_path: Path, data: Table) -> None:
    write(tmp_path, replace(data, columns=(), rows=()))
    assert "| photos | method |" in (tmp_path / "t.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("cell", "agrees", "words"),
    [
        (
            Cell(value=10.9, low=10.5, high=11.25, paper=10.67, n=120),
            True,
            "iPhone, original, png_bpp: 10.9 [10.5, 11.25], n = 120, paper 10.67: agrees",
        ),
        (
            Cell(value=7.0, paper=7.5, n=3, note="Few."),
            None,
            "iPhone, original, png_bpp: 7, n = 3, paper 7.5: undecided. Few.",
        ),
    ],
)
def test_a_comparison_with_the_paper_in_words(cell: Cell, agrees: bool | None, words: str) -> None:
    check = Check(photos="iPhone", method="original", column="png_bpp", cell=cell, agrees=agrees)
    assert in_words(check) == words
