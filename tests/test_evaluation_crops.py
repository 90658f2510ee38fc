"""Evaluations of whole photos by their crops: what is enhanced, what is measured, and how sure."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.made import WEIGHTLESS
from tests.test_evaluation import brighten, invert, photo, run
from wespe.core.files import sha256
from wespe.judging.metrics.measuring import measure
from wespe.photos.images import Pixels
from wespe.reports.page.evaluations import view_evaluation
from wespe.reports.page.write import write_report
from wespe.results.evaluations import EvaluationSummary, Measured, read_images
from wespe.results.index import Crop, PhotoEntry, PhotoIndex, Skipped
from wespe.results.reading import read_evaluation
from wespe.results.record import read_record

FULL = ("psnr_db", "ssim", "ms_ssim")


def index_of(
    root: Path, photos: Sequence[Pixels], crops: Sequence[Sequence[tuple[int, int, Pixels]]]
) -> PhotoIndex:
    """Photos as files, each with its crops (y, x, reference)."""
    entries = []
    for number, (pixels, parts) in enumerate(zip(photos, crops, strict=True)):
        (root / "y").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / f"{number}.png")
        found = []
        for place, (y, x, reference) in enumerate(parts):
            file = f"y/{number}-{place}.png"
            Image.fromarray(reference).save(root / file)
            rows, columns = reference.shape[:2]
            found.append(Crop(y, x, rows, columns, file, sha256(root / file)))
        height, width = pixels.shape[:2]
        entries.append(PhotoEntry(f"{number}.png", width, height, "", crops=tuple(found)))
    return PhotoIndex("whole", str(root), "made up", True, entries)


@pytest.fixture
def index(tmp_path: Path) -> PhotoIndex:
    """Two photos, of one and of two crops."""
    photos = [photo(number, 40, 60) for number in range(2)]
    crops = [[(3, 7, photo(10, 16, 20))], [(24, 40, photo(11, 16, 20)), (0, 0, photo(12, 12, 14))]]
    return index_of(tmp_path / "photos", photos, crops)


def spread(pixels: Pixels) -> Pixels:
    """What a photo becomes depends on all of it, as with a stretch of the levels."""
    return np.asarray(np.clip(pixels.astype(int) + int(pixels.mean()) - 60, 0, 255), np.uint8)


def test_the_whole_photo_is_enhanced_once_and_its_crops_are_measured(
    index: PhotoIndex, tmp_path: Path
) -> None:
    seen: list[tuple[int, ...]] = []

    def enhance(pixels: Pixels) -> Pixels:
        seen.append(pixels.shape)
        return spread(pixels)

    summary = run(index, tmp_path / "out", enhance=enhance)
    assert seen == [(40, 60, 3)] * 2
    rows = read_images(tmp_path / "out" / "images.csv")
    methods = ["original", "enhanced", "invert", "target"]
    corners = [("0.png", (3, 7)), ("1.png", (24, 40)), ("1.png", (0, 0))]
    assert [(row.of, row.method) for row in rows] == [
        (Measured(*part), method) for part in corners for method in methods
    ]
    whole, reference = photo(1, 40, 60), photo(11, 16, 20)
    expected = {
        "original": measure(whole[24:40, 40:60], reference, WEIGHTLESS),
        # Enhanced first and cut then: the mean of the photo is not that of the crop.
        "enhanced": measure(spread(whole)[24:40, 40:60], reference, WEIGHTLESS),
        "invert": measure(invert(whole)[24:40, 40:60], reference, WEIGHTLESS),
        "target": measure(reference, None, WEIGHTLESS),
    }
    for row in rows[4:8]:
        values = {name: value for name, value in row.values.items() if value is not None}
        assert values == pytest.approx(expected[row.method], abs=1e-6)
    assert (summary.n_images, summary.n_crops, summary.n_identical) == (2, 3, 0)
    assert read_record(tmp_path / "out" / "summary.json", EvaluationSummary) == summary


def test_the_table_says_where_each_crop_begins(index: PhotoIndex, tmp_path: Path) -> None:
    run(index, tmp_path / "out")
    with (tmp_path / "out" / "images.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert list(table[0]) == ["image", "method", "identical", "y", "x", *WEIGHTLESS]
    assert (table[0]["image"], table[0]["y"], table[0]["x"]) == ("0.png", "3", "7")


def test_means_are_over_crops_and_extremes_over_photos(tmp_path: Path) -> None:
    # Brightened by 20 levels; references are lighter by so many.
    shifts = [[0, 0, 2], [18], [9, 12]]
    photos = [photo(number, 40, 60) for number in range(3)]
    crops = [
        [(9 * n, 5, (pixels[9 * n : 9 * n + 8, 5:15] + shift)) for n, shift in enumerate(of_photo)]
        for pixels, of_photo in zip(photos, shifts, strict=True)
    ]
    summary = run(index_of(tmp_path / "photos", photos, crops), tmp_path / "out", pictures=1)
    values = [20 * math.log10(255 / (20 - shift)) for one in shifts for shift in one if shift]
    assert summary.n_identical == 2  # the originals of two crops are their references
    found = summary.methods["enhanced"]["psnr_db"]
    assert found.n == 4
    assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert summary.extremes.worst == ("0.png",)
    assert summary.extremes.best == ("1.png",)
    assert {*summary.pictures.values()} == {"0.png", "1.png"}


@pytest.mark.slow
def test_workers_change_nothing(tmp_path: Path) -> None:
    photos = [photo(number, 40, 60) for number in range(5)]
    crops = [[(n, n, photo(20 + n + k, 12, 12)) for k in (0, 9)] for n in range(5)]
    crops = [[(y + 14 * k, x, part) for k, (y, x, part) in enumerate(one)] for one in crops]
    index = index_of(tmp_path / "photos", photos, crops)
    one, four = (run(index, tmp_path / str(n), workers=n, pictures=2) for n in (1, 4))
    assert replace(one, seconds=0.0) == replace(four, seconds=0.0)
    written = [(tmp_path / n / "images.csv").read_bytes() for n in ("1", "4")]
    assert written[0] == written[1]


def test_a_reference_that_has_changed_is_named(index: PhotoIndex, tmp_path: Path) -> None:
    Image.fromarray(photo(9, 5, 6)).save(tmp_path / "photos" / "y" / "1-1.png")
    summary = run(index, tmp_path / "out")
    assert summary.unreadable == (
        Skipped("y/1-1.png", "expected 14×12 px as in the index, got 6×5 px"),
    )
    assert (summary.n_images, summary.n_crops) == (1, 1)


def test_a_photo_that_has_become_smaller_is_named(index: PhotoIndex, tmp_path: Path) -> None:
    Image.fromarray(photo(9, 30, 60)).save(tmp_path / "photos" / "1.png")
    (left_out,) = run(index, tmp_path / "out").unreadable
    assert left_out.file == "y/1-0.png"
    assert left_out.reason.startswith("expected a crop of a photo of 60×30 px, got Crop(y=24")


def test_the_version_follows_the_crops(index: PhotoIndex, tmp_path: Path) -> None:
    first, second = index.photos
    moved = replace(first, crops=(replace(first.crops[0], x=8),))
    other = replace(first, crops=(replace(first.crops[0], sha256="ab"),))
    versions = {
        run(replace(index, photos=[entry, second]), tmp_path / "out").photos_sha256
        for entry in (first, moved, other)
    }
    assert len(versions) == 3


def evaluated(root: Path, name: str, n_photos: int = 8) -> Path:
    """An evaluation of so many photos of two crops each, in a folder."""
    photos = [photo(number, 40, 60) for number in range(n_photos)]
    crops = [
        [(y, 3, brighten(pixels)[y : y + 12, 3:23] - np.uint8(number + 1)) for y in (0, 20)]
        for number, pixels in enumerate(photos)
    ]
    index = index_of(root / "photos", photos, crops)
    run(index, root / name, pictures=2, evaluation=name, metrics=FULL)
    return root / name


@pytest.mark.slow
def test_the_page_begins_with_whole_photos_and_says_so(tmp_path: Path) -> None:
    from tests.results import write_evaluation, write_table

    alone = write_evaluation(tmp_path / "scenes", references=False)
    patches = write_evaluation(tmp_path / "patches")
    folders = {"scenes": alone, "patches": patches, "whole": evaluated(tmp_path, "whole")}
    page = tmp_path / "report.html"
    write_report(
        page,
        run_name="a run",
        settings_text="",
        pairs={},
        evaluations=folders,
        tables=[write_table(tmp_path / "table.json")],
    )
    html = page.read_text("utf-8")
    order = [html.index(f"Metrics of {name}") for name in ("whole", "patches", "scenes")]
    assert order == sorted(order)
    assert html.index("Metrics of scenes") < html.index('<h3 id="table-1">')
    for words in (
        "16 crops of 8 photos",
        "photos with all their crops",
        "one of its crops that were measured",
        "The target is known only of the part below",
        "by the mean of its crops",
    ):
        assert words in html


def test_without_crops_the_page_is_in_the_order_of_the_settings(tmp_path: Path) -> None:
    from tests.results import write_evaluation, write_table

    alone = write_evaluation(tmp_path / "scenes", references=False)
    patches = write_evaluation(tmp_path / "patches")
    page = tmp_path / "report.html"
    about: dict[str, Any] = {"run_name": "a run", "settings_text": "", "pairs": {}}
    about["tables"] = [write_table(tmp_path / "table.json")]
    write_report(page, evaluations={"scenes": alone, "patches": patches}, **about)
    html = page.read_text("utf-8")
    assert html.index('<h3 id="table-1">') < html.index("Metrics of scenes")
    assert html.index("Metrics of scenes") < html.index("Metrics of patches")


def test_the_verdict_is_over_crops_and_resamples_photos(tmp_path: Path) -> None:
    view = view_evaluation(read_evaluation("whole", evaluated(tmp_path, "whole")))
    assert view.of == "16 crops of 8 photos"
    assert "over 16 crops of 8 photos." in view.verdict
    assert "(95 % interval" in view.verdict
    few = view_evaluation(read_evaluation("few", evaluated(tmp_path / "b", "few", 3)))
    # Six crops of three photos are three photos.
    assert few.verdict.endswith("over 6 crops of 3 photos. So few photos prove nothing.")
    assert few.table.rows[1].cells["psnr_db"].low is None


def test_a_summary_of_before_crops_can_be_read(index: PhotoIndex, tmp_path: Path) -> None:
    run(index, tmp_path / "out")
    path = tmp_path / "out" / "summary.json"
    values = json.loads(path.read_text("utf-8"))
    del values["n_crops"]
    path.write_text(json.dumps(values), "utf-8")
    assert read_record(path, EvaluationSummary).n_crops == 0
