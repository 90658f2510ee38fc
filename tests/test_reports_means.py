"""The tables of means on the report page, and that all tables say the same of the same values."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.results import write_rating
from tests.test_tables import result, table
from wespe.judging.raters.rate import statistics_of
from wespe.reports.page.means import metrics_table, scores_table
from wespe.reports.tables.build import build
from wespe.reports.tables.entries import Entry
from wespe.results.reading import read_rating
from wespe.results.statistics import interval
from wespe.results.tables import Cell, Table

VALUES = [float(value) for value in np.random.default_rng(5).normal(20, 2, 25)]


def cell(made: Table, method: str, key: str) -> Cell:
    (row,) = (row for row in made.rows if row.method == method)
    return row.cells[key]


def test_the_same_values_have_one_interval_on_the_page_in_tables_and_in_ratings() -> None:
    methods = {"original": {"psnr_db": VALUES}, "enhanced": {"psnr_db": VALUES[::-1]}}
    evaluated = result(methods)
    expected = interval(VALUES)
    for method in ("original", "enhanced"):
        page = cell(metrics_table(evaluated), method, "psnr_db")
        assert (page.low, page.high) == expected
    paper = build("t", table("wespe_2"), [Entry(evaluated, "iPhone", "WESPE", "iPhone")])
    ours = cell(paper, "WESPE", "psnr_db")
    assert (ours.low, ours.high) == expected
    rated = statistics_of([{"original": value} for value in VALUES])
    assert (rated["original"].low, rated["original"].high) == expected


def test_a_rating_has_the_same_interval_on_the_page_as_in_its_summary(tmp_path: Path) -> None:
    rating = read_rating("liked", write_rating(tmp_path / "liked"))
    made, expected = scores_table(rating), statistics_of([*rating.scores.values()])
    for method in ("original", "enhanced"):
        shown = cell(made, method, "score")
        assert (shown.low, shown.high) == (expected[method].low, expected[method].high)
    change, difference = cell(made, "enhanced", "change"), expected["enhanced"].difference
    assert difference
    assert (change.value, change.low) == (difference.mean, difference.low)
    assert cell(made, "original", "change") == Cell()


def test_page_summary_and_table_have_one_mean_where_a_photo_has_no_value_of_the_original() -> None:
    evaluated = result(
        {
            "original": {"psnr_db": [math.inf, *VALUES]},
            "enhanced": {"psnr_db": [50.0, *VALUES]},
        }
    )
    summary = evaluated.summary.methods["enhanced"]["psnr_db"]
    page = cell(metrics_table(evaluated), "enhanced", "psnr_db")
    paper = build("t", table("wespe_2"), [Entry(evaluated, "iPhone", "WESPE", "iPhone")])
    ours = cell(paper, "WESPE", "psnr_db")
    assert summary.mean == pytest.approx(np.mean([50.0, *VALUES]))
    assert (summary.low, summary.high) == interval([50.0, *VALUES])
    for found in (page, ours):
        assert (found.value, found.n) == (summary.mean, 26)
        assert (found.low, found.high) == (summary.low, summary.high)
    # The test against the originals is of the photos that have both values.
    assert ours.p == 1


def test_references_do_not_compete_and_the_network_is_marked() -> None:
    made = metrics_table(
        result({name: {"ssim": [value] * 8} for name, value in
                (("original", 0.5), ("enhanced", 0.7), ("clahe", 0.6), ("target", 0.9))})
    )  # fmt: skip
    assert [row.method for row in made.rows if row.cells["ssim"].best] == ["enhanced"]
    assert [row.method for row in made.rows if row.marked] == ["enhanced"]


def test_a_metric_that_no_photo_has_is_no_column() -> None:
    made = metrics_table(result({"original": {"ssim": [1.0], "psnr_db": [float("inf")]}}))
    assert [column.key for column in made.columns] == ["ssim"]
