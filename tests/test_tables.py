"""Tables of hand-made evaluations: every cell by hand, and what is not at hand says so."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tests.made import rating, summary
from wespe.reports.papers.settings import Table as Settings
from wespe.reports.tables.build import build
from wespe.reports.tables.entries import Entry, with_scores
from wespe.results.evaluations import ImageRow, means_of
from wespe.results.reading import EvaluationResult, RatingResult
from wespe.results.score import Score
from wespe.results.statistics import clustered_interval
from wespe.results.tables import Cell, Column, Table

Photos = Mapping[str, Sequence[float]]


def result(
    methods: Mapping[str, Photos], *, identical: Sequence[int] = (), simulated: bool = False
) -> EvaluationResult:
    """An evaluation: method → metric → a value a photo."""
    images = [
        ImageRow(f"{n}.jpg", method, n in identical, {key: metrics[key][n] for key in metrics})
        for method, metrics in methods.items()
        for n in range(len(next(iter(metrics.values()))))
    ]
    made = summary(methods=means_of(images), pair="p", photos="s", n_images=8, simulated=simulated)
    return EvaluationResult("e", made, images, {}, {})


ORIGINAL = [10.0, 11, 12, 13, 14, 15, 16, 99]
ENHANCED = [12.0, 13, 14, 15, 16, 17, 18, 98]


def psnr_entry(**changes: Any) -> Entry:
    methods = {
        "original": {"psnr_db": ORIGINAL, "ms_ssim": [0.9] * 8},
        "enhanced": {"psnr_db": ENHANCED, "ms_ssim": [0.92] * 8},
        "clahe": {"psnr_db": ORIGINAL, "ms_ssim": [0.8] * 8},
    }
    values = {"photos": "iPhone", "network": "WESPE [canon]", "dataset": "iPhone"}
    return Entry(**{"result": result(methods, identical=[7]), **values, **changes})


def table(paper: str | None = "wespe_2", **settings: Any) -> Settings:
    return Settings.model_validate({"paper": paper, "evaluations": {}, **settings})


def cells(data: Table, label: str) -> Mapping[str, Cell]:
    (row,) = (row for row in data.rows if row.label == label)
    return row.cells


def test_a_cell_by_hand() -> None:
    data = build("t", table(), [psnr_entry(method="WESPE [DPED]")])
    cell = cells(data, "iPhone: WESPE [canon]")["psnr_db"]
    # Without the identical photo: 12 to 18 in the mean, all seven 2 dB above their originals.
    assert (cell.value, cell.n, cell.paper) == (15, 7, 18.11)
    assert cell.p == 2 / 2**7
    assert cell.low is not None
    assert cell.high is not None
    assert 12 < cell.low < 15 < cell.high < 18
    assert cell.note is None
    original = cells(data, "iPhone: original")["psnr_db"]
    # The paper does not print the originals here; they are compared with nothing.
    assert (original.value, original.paper, original.p) == (13, None, None)
    stand_in = cells(data, "iPhone: CLAHE (stand-in for APE)")["psnr_db"]
    assert (stand_in.value, stand_in.paper, stand_in.p) == (13, None, 1)


def test_columns_are_those_of_the_paper_and_what_else_was_measured() -> None:
    data = build("t", table(), [psnr_entry()])
    assert [column.key for column in data.columns] == ["psnr_db", "ms_ssim"]
    psnr = Score("PSNR", "dB", "higher", 2)
    assert data.columns[0] == Column(key="psnr_db", shown=psnr, paper_decimals=2)
    data = build("t", table("dped_1"), [psnr_entry()])
    assert [column.key for column in data.columns] == ["psnr_pooled_db", "ms_ssim", "psnr_db"]


def test_what_is_not_at_hand_says_so_beside_the_paper() -> None:
    data = build("t", table(), [psnr_entry(method="WESPE [DPED]")])
    labels = [row.label for row in data.rows]
    assert labels[3:7] == [
        "iPhone: APE",
        "iPhone: WESPE [DIV2K]",
        "iPhone: DPED",
        "BlackBerry: APE",
    ]
    assert len(labels) == 3 + 3 + 4 + 4
    ape = cells(data, "iPhone: APE")["psnr_db"]
    assert ape == Cell(
        paper=17.28, note="The Apple Photo Enhancer is closed software: not at hand."
    )
    lacking = cells(data, "Sony: DPED")["ms_ssim"]
    assert (lacking.value, lacking.paper, lacking.note) == (
        None,
        0.94,
        "No such photos or no such network are at hand.",
    )


def test_a_metric_that_nobody_measured_is_not_at_hand() -> None:
    methods = {"original": {"entropy_bit": [7.0] * 8}, "enhanced": {"entropy_bit": [7.5] * 8}}
    entry = Entry(result(methods), "iPhone", "WESPE [canon]", "iPhone")
    found = cells(build("t", table("wespe_3"), [entry]), "iPhone: original")
    assert found["entropy_bit"].value == 7
    assert (found["cornia"].value, found["cornia"].paper) == (None, 30.85)
    assert found["cornia"].note == "Nothing at hand measures it."


def test_other_photos_have_no_value_of_the_paper() -> None:
    entry = psnr_entry(photos="my_phone", dataset=None, method="WESPE [DPED]")
    data = build("t", table(), [entry])
    ours = [row for row in data.rows if row.photos == "my_phone"]
    assert len(ours) == 3
    assert all(cell.paper is None for row in ours for cell in row.cells.values())
    # The paper's own datasets are there as what they are.
    assert cells(data, "iPhone: WESPE [DPED]")["psnr_db"].value is None
    assert data.checks == ()


def test_few_photos_have_a_mean_alone() -> None:
    methods = {"original": {"entropy_bit": [6.0, 7, 8]}, "enhanced": {"entropy_bit": [7.0, 8, 9]}}
    entry = Entry(result(methods), "KITTI", "WESPE [div2k]", "KITTI", "WESPE [DIV2K]")
    data = build("t", table("wespe_6"), [entry])
    cell = cells(data, "KITTI: WESPE [div2k]")["entropy_bit"]
    assert (cell.value, cell.low, cell.p, cell.n, cell.paper) == (
        8,
        None,
        None,
        3,
        7.55,
    )
    assert cell.note == "Fewer than 6 photos: no interval, no test."
    [check] = data.checks
    # Student's interval of 6, 7 and 8 is 7 ± 2.48.
    assert (check.cell.paper, check.agrees) == (7.12, True)


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ({}, "Differs from the paper's value by more than the sampling error; not explained."),
        ({"entropy_bit": "Other frames."}, "Other frames."),
    ],
)
def test_a_difference_to_the_paper_is_explained_or_called_unexplained(
    notes: dict[str, str], said: str
) -> None:
    entropies = [5.0, 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7]
    methods = {"original": {"entropy_bit": entropies}, "enhanced": {"entropy_bit": entropies}}
    entry = Entry(
        result(methods), "iPhone", "DPED, published network", "iPhone", "DPED", True, notes
    )
    data = build("t", table("wespe_3"), [entry])
    assert [(check.method, check.agrees) for check in data.checks] == [
        ("original", False),
        ("DPED, published network", False),
    ]
    assert {check.cell.note for check in data.checks} == {said}
    assert cells(data, "iPhone: original")["entropy_bit"].note == said
    # Photos that stand in for the paper's can neither agree with it nor differ.
    simulated = Entry(
        result(methods, simulated=True), "iPhone", "DPED, published network", "iPhone", "DPED", True
    )
    data = build("t", table("wespe_3"), [simulated])
    assert data.checks == ()
    assert cells(data, "iPhone: original")["entropy_bit"].note is None
    # What is trained here need not come out as the paper's.
    trained = Entry(result(methods), "iPhone", "DPED, trained here", "iPhone", "DPED")
    data = build("t", table("wespe_3"), [trained])
    assert cells(data, "iPhone: DPED, trained here")["entropy_bit"].note is None


def test_originals_and_plain_enhancers_come_from_the_first_that_has_them() -> None:
    plain = {"original": {"psnr_db": ORIGINAL}, "enhanced": {"psnr_db": ENHANCED}}
    first = Entry(result(plain), "iPhone", "SRCNN", "iPhone")
    data = build("t", table(), [first, psnr_entry()])
    labels = [row.label for row in data.rows if row.photos == "iPhone"]
    assert labels[:4] == [
        "iPhone: original",
        "iPhone: CLAHE (stand-in for APE)",
        "iPhone: SRCNN",
        "iPhone: WESPE [canon]",
    ]
    assert cells(data, "iPhone: SRCNN")["ms_ssim"].note == "Nothing at hand measures it."


def test_crops_of_a_photo_count_as_one() -> None:
    methods = {
        "original": {"entropy_bit": [1.0, 3, 5]},
        "enhanced": {"entropy_bit": [2.0, 4, 9]},
    }
    made = result(methods)
    names = {"0.jpg": "a_1.jpg", "1.jpg": "a_2.jpg", "2.jpg": "b_1.jpg"}
    images = [ImageRow(names[row.image], row.method, False, row.values) for row in made.images]
    entry = Entry(EvaluationResult("e", made.summary, images, {}, {}), "mine", "WESPE [canon]")
    data = build("t", table(None, photo_of=r"(.+)_\d\.jpg"), [entry])
    cell = cells(data, "mine: WESPE [canon]")["entropy_bit"]
    # Photo a has 3, photo b 9.
    assert (cell.value, cell.n) == (6, 2)
    with pytest.raises(ValueError, match=r"photo_of: expected names like '\(x\)', got 'a_1\.jpg'"):
        build("t", table(None, photo_of="(x)"), [entry])


def test_a_note_on_a_column_that_is_not_there_is_refused() -> None:
    entry = psnr_entry(notes={"psnr": "?"})
    with pytest.raises(
        ValueError, match=r"tables\.t\.evaluations\.e\.notes: expected columns \(ps"
    ):
        build("t", table(), [entry])


def test_simulated_photos_make_a_simulated_table() -> None:
    methods = {"original": {"entropy_bit": [7.0]}, "enhanced": {"entropy_bit": [7.0]}}
    real = Entry(result(methods), "mine", "WESPE [canon]")
    simulated = Entry(result(methods, simulated=True), "demo", "WESPE [canon]")
    assert build("t", table(None), [real]).simulated is False
    assert build("t", table(None), [real, simulated]).simulated is True


def test_a_table_of_nothing_is_the_papers() -> None:
    data = build("t", table("wespe_8"), [])
    assert len(data.rows) == 6 * 2
    assert all(row.cells["ffs"].value is None for row in data.rows)
    assert build("t", table(None), []).rows == ()


def test_crops_of_whole_photos_are_counted_by_themselves_and_drawn_with_their_photo() -> None:
    # Eight photos; the first has three crops, the others one.
    parts = [("0.jpg", (0, 0)), ("0.jpg", (9, 0)), ("0.jpg", (0, 9))]
    parts += [(f"{n}.jpg", (0, 0)) for n in range(1, 8)]
    images = [
        ImageRow(file, method, False, {"psnr_db": 10.0 + n + gain}, corner)
        for method, gain in (("original", 0), ("enhanced", 2))
        for n, (file, corner) in enumerate(parts)
    ]
    made = summary({"original": {}, "enhanced": {}}, pair="p", photos="s", n_crops=10)
    entry = Entry(EvaluationResult("e", made, images, {}, {}), "mine", "WESPE [canon]")
    data = build("t", table(None), [entry])
    cell = cells(data, "mine: WESPE [canon]")["psnr_db"]
    assert (cell.value, cell.n) == (16.5, 10)
    values, photos = np.arange(12.0, 22), [file for file, _ in parts]
    assert (cell.low, cell.high) == clustered_interval(values, photos)
    assert cell.p == 2 / 2**8  # of eight photos, all of them better
    assert "draw photos with all their crops" in data.caption
    grouped = build("t", table(None, photo_of=r"(.+)\.jpg"), [entry])
    # Photo 0 has 13, the others 15 to 21.
    assert cells(grouped, "mine: WESPE [canon]")["psnr_db"].value == (13 + 18 * 7) / 8


def test_a_rating_of_whole_photos_counts_once_for_each() -> None:
    parts = [("0.jpg", (0, 0)), ("0.jpg", (9, 0)), ("1.jpg", (0, 0))]
    images = [
        ImageRow(file, method, False, {"psnr_db": 20.0}, corner)
        for file, corner in parts
        for method in ("original", "enhanced")
    ]
    made = summary({"original": {}, "enhanced": {}}, pair="phone_dslr", photos="scenes", n_crops=3)
    scores = {file: {"original": 0.2, "enhanced": 0.4 + 0.2 * n} for n, file in enumerate("01")}
    scores = {f"{file}.jpg": values for file, values in scores.items()}
    rated, measures = with_scores(
        EvaluationResult("e", made, images, {}, {}), [RatingResult("r", rating(), scores)]
    )
    entry = Entry(rated, "mine", "WESPE", rated=measures)
    cell = cells(build("t", table(None), [entry]), "mine: WESPE")["flickr_faves_score"]
    assert cell.n == 2
    assert cell.value == pytest.approx(0.5)
