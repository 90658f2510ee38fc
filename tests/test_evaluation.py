import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.made import WEIGHTLESS, card
from wespe.judging.baselines import baselines
from wespe.judging.evaluation import evaluate
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS, Metric
from wespe.judging.registry import BASELINES
from wespe.networks.transport import Transport
from wespe.photos.images import Pixels, read_photo
from wespe.results.evaluations import EvaluationSummary, Extremes
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.record import read_record
from wespe.results.score import Score


def brighten(photo: Pixels) -> Pixels:
    return np.asarray(np.minimum(photo.astype(int) + 20, 255), np.uint8)


def invert(photo: Pixels) -> Pixels:
    return 255 - photo


def photo(seed: int, height: int = 24, width: int = 32) -> Pixels:
    return np.random.default_rng(seed).integers(0, 236, (height, width, 3), np.uint8)


MakeIndex = Callable[[dict[str, Pixels], dict[str, Pixels]], PhotoIndex]


@pytest.fixture
def make_index(tmp_path: Path) -> MakeIndex:
    """Write photos, and references under the same names, as PNG; return their index."""

    def make(photos: dict[str, Pixels], references: dict[str, Pixels]) -> PhotoIndex:
        entries = []
        for folder, pictures in (("x", photos), ("y", references)):
            for file, pixels in pictures.items():
                path = tmp_path / "photos" / folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
        for file, pixels in photos.items():
            reference = f"y/{file}" if file in references else None
            height, width = pixels.shape[:2]
            entries.append(PhotoEntry(f"x/{file}", width, height, "", reference))
        return PhotoIndex("set", str(tmp_path / "photos"), "made up", True, entries)

    return make


def run(index: PhotoIndex, out: Path, **changed: Any) -> EvaluationSummary:
    settings: dict[str, Any] = {
        "evaluation": "test",
        "pair": "a_b",
        "network": "ab",
        "engine": "torch-cpu-fp32",
        "baselines": {"invert": invert},
        "metrics": tuple(name for name in METRICS if not METRICS[name].needs_weights),
        "out": out,
        "pictures": 0,
        "workers": 1,
    }
    return evaluate(index, changed.pop("enhance", brighten), **settings | changed)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "images.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_and_means(make_index: MakeIndex, tmp_path: Path) -> None:
    photos = {f"{number}.png": photo(number) for number in range(3)}
    references = {file: photo(10 + number) for number, file in enumerate(photos)}
    summary = run(make_index(photos, references), tmp_path / "out")

    table = rows(tmp_path / "out")
    assert list(table[0]) == ["image", "method", "identical", *WEIGHTLESS]
    assert [(row["image"], row["method"]) for row in table] == [
        (f"x/{number}.png", method)
        for number in range(3)
        for method in ("original", "enhanced", "invert", "target")
    ]
    expected = [measure(brighten(photos[file]), references[file], WEIGHTLESS) for file in photos]
    for row, values in zip(table[1::4], expected, strict=True):
        measured = {name: float(row[name]) for name in WEIGHTLESS if row[name]}
        assert measured == pytest.approx(values, abs=1e-6)
    assert table[3]["psnr_db"] == ""
    assert float(table[3]["entropy_bit"]) > 0

    psnr = [values["psnr_db"] for values in expected]
    mean = sum(psnr) / 3
    std = math.sqrt(sum((value - mean) ** 2 for value in psnr) / 2)
    found = summary.methods["enhanced"]["psnr_db"]
    assert found.mean == pytest.approx(mean)
    assert found.std == pytest.approx(std, abs=1e-6)  # of six decimals, as in the table
    assert (found.n, found.n_infinite) == (3, 0)
    assert list(summary.methods) == ["original", "enhanced", "invert", "target"]
    assert list(summary.methods["target"])[:2] == ["entropy_bit", "png_bpp"]
    assert set(summary.methods["target"]) <= {"entropy_bit", "png_bpp", "brisque"}
    assert read_record(tmp_path / "out" / "summary.json", EvaluationSummary) == summary


def test_summary_says_what_was_evaluated(make_index: MakeIndex, tmp_path: Path) -> None:
    summary = run(make_index({"0.png": photo(0)}, {}), tmp_path / "out")
    assert (summary.evaluation, summary.pair, summary.photos) == ("test", "a_b", "set")
    assert (summary.origin, summary.simulated) == ("made up", True)
    assert summary.seconds >= 0
    # One photo has a mean and no spread; without a reference there is nothing to compare with.
    assert summary.methods["original"]["entropy_bit"].std is None
    assert "psnr_db" not in summary.methods["original"]
    assert "target" not in summary.methods


def test_identical_pairs_stay_out_of_the_means(make_index: MakeIndex, tmp_path: Path) -> None:
    photos = {"0.png": photo(0), "1.png": photo(1)}
    summary = run(make_index(photos, {"0.png": photo(0), "1.png": photo(2)}), tmp_path / "out")
    assert (summary.n_images, summary.n_identical) == (2, 1)
    table = rows(tmp_path / "out")
    assert [row["identical"] for row in table] == ["1"] * 4 + ["0"] * 4
    assert table[0]["psnr_db"] == "inf"
    enhanced = summary.methods["enhanced"]["psnr_db"]
    assert enhanced.n == 1
    alone = measure(brighten(photos["1.png"]), photo(2), WEIGHTLESS)["psnr_db"]
    assert enhanced.mean == round(alone, 6)


def test_infinite_psnr_is_counted_not_averaged(make_index: MakeIndex, tmp_path: Path) -> None:
    photos = {"0.png": photo(0), "1.png": photo(1)}
    references = {"0.png": brighten(photo(0)), "1.png": photo(2)}
    summary = run(make_index(photos, references), tmp_path / "out")
    psnr = summary.methods["enhanced"]["psnr_db"]
    assert (psnr.n, psnr.n_infinite, summary.n_identical) == (1, 1, 0)
    assert psnr.mean is not None
    assert math.isfinite(psnr.mean)
    assert summary.methods["enhanced"]["ssim"].n == 2


def test_photos_that_cannot_be_used_are_listed(make_index: MakeIndex, tmp_path: Path) -> None:
    photos = {f"{number}.png": photo(number) for number in range(4)}
    references = {file: photo(9) for file in photos} | {"1.png": photo(9, height=20)}
    index = make_index(photos, references)
    (tmp_path / "photos" / "x" / "0.png").write_bytes(b"no picture")
    (tmp_path / "photos" / "y" / "3.png").unlink()
    summary = run(index, tmp_path / "out")
    assert summary.unreadable == (
        Skipped("x/0.png", "not an image"),
        Skipped("y/1.png", "expected 32×24 px like its photo, got 32×20 px"),
        Skipped("y/3.png", "no such file"),
    )
    assert summary.n_images == 1
    assert {row["image"] for row in rows(tmp_path / "out")} == {"x/2.png"}


def test_no_usable_photo_is_an_error(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({"0.png": photo(0)}, {})
    (tmp_path / "photos" / "x" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"set: none of its photos \(1\) can be used"):
        run(index, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_are_spread_named_apart_and_bounded(make_index: MakeIndex, tmp_path: Path) -> None:
    photos = {
        "a/1.png": photo(0, height=2, width=2000),
        "a/2.png": photo(1),
        "b/1.png": photo(2),
        "b/2.png": photo(3),
    }
    index = make_index(photos, {"b/1.png": photo(4)})
    summary = run(index, tmp_path / "out", pictures=2)
    assert summary.pictures == {"2": "x/a/2.png", "2-2": "x/b/2.png"}
    summary = run(index, tmp_path / "out", pictures=9)
    assert summary.pictures == {
        "1": "x/a/1.png",
        "2": "x/a/2.png",
        "1-2": "x/b/1.png",
        "2-2": "x/b/2.png",
    }
    methods = ("original", "enhanced", "invert")
    names = {f"{stem}.{method}.jpg" for stem in summary.pictures for method in methods}
    folder = tmp_path / "out" / "pictures"
    assert {path.name for path in folder.iterdir()} == names | {"1-2.target.jpg"}
    assert read_photo(folder / "1.enhanced.jpg").pixels.shape == (2, 1600, 3)
    shown = read_photo(folder / "2.enhanced.jpg").pixels
    assert shown.shape == photos["a/2.png"].shape
    assert abs(shown.mean() - brighten(photos["a/2.png"]).mean()) < 2


@pytest.mark.slow
def test_workers_change_nothing(make_index: MakeIndex, tmp_path: Path) -> None:
    # The first photos take longest: with several workers the last are done first.
    photos = {f"{n}.png": photo(n, height=20 + 200 // (n + 1)) for n in range(8)}
    references = {f: photo(50 + n, height=20 + 200 // (n + 1)) for n, f in enumerate(photos)}
    index = make_index(photos, references)
    look = Transport(0.9 * np.arange(256.0)[:, None].repeat(3, axis=1), 1.2, (1.2, 0.9))
    of_pair = card(transport=look.numbers(), histogram_match=look.levels.tolist())
    shipped = {"invert": invert} | baselines(list(BASELINES), of_pair)
    summaries = [
        run(index, tmp_path / str(n), workers=n, pictures=2, baselines=shipped) for n in (1, 4)
    ]
    one, several = (replace(summary, seconds=0.0) for summary in summaries)
    assert one == several
    for name in ("images.csv", "pictures/2.invert.jpg"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4" / name).read_bytes()


def fail(pixels: Pixels) -> Pixels:
    raise RuntimeError("no such luck")


@pytest.mark.slow
@pytest.mark.parametrize("photos", [1, 3])
def test_an_error_in_a_process_reaches_the_caller(
    make_index: MakeIndex, tmp_path: Path, photos: int
) -> None:
    index = make_index({f"{number}.png": photo(number) for number in range(photos)}, {})
    with pytest.raises(RuntimeError, match="no such luck"):
        run(index, tmp_path / "out", baselines={"fail": fail}, workers=2)
    assert not (tmp_path / "out").exists()


def mean_level(pixels: Pixels) -> float:
    return float(pixels.mean())


def test_a_new_metric_is_a_new_column(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mean = Metric(f"{__name__}:mean_level", False, Score("mean"))
    monkeypatch.setitem(METRICS, "mean_level", mean)
    summary = run(make_index({"0.png": photo(0)}, {}), tmp_path / "out")
    assert rows(tmp_path / "out")[0]["mean_level"] == f"{photo(0).mean():.6f}"
    assert summary.methods["original"]["mean_level"].mean == pytest.approx(photo(0).mean())


def test_the_photos_that_gained_least_and_most_are_named_and_shown(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    # Brightened by 20 levels, those of darker references lose and those of lighter ones gain.
    shifts = {"0.png": 20, "1.png": 0, "2.png": 12, "3.png": 6, "4.png": 9}
    photos = {file: photo(number) for number, file in enumerate(shifts)}
    references = {file: (photos[file] + shift).astype(np.uint8) for file, shift in shifts.items()}
    index = make_index(photos, references | {"0.png": photo(9)})
    summary = run(index, tmp_path / "out", pictures=1)
    # The first one's reference is another photo: brightening makes little difference to it.
    assert summary.extremes == Extremes(
        metric="psnr_db", worst=("x/3.png", "x/4.png"), best=("x/2.png", "x/0.png")
    )
    # The first photo shown is the middle one, the others follow in the order of the set.
    assert list(summary.pictures.values()) == ["x/2.png", "x/0.png", "x/3.png", "x/4.png"]
    assert run(index, tmp_path / "none", pictures=0).pictures == {}


def test_without_a_metric_of_a_direction_no_photo_gained(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those that have one compare with a reference, but for BRISQUE, which may be installed.
    monkeypatch.delitem(METRICS, "brisque")
    summary = run(make_index({f"{n}.png": photo(n) for n in range(3)}, {}), tmp_path / "out")
    assert summary.extremes == Extremes()


def test_the_version_of_the_photos_follows_their_contents(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index({"0.png": photo(0), "1.png": photo(1)}, {})
    versions = [
        run(replace(index, photos=photos), tmp_path / "out").photos_sha256
        for photos in (
            index.photos,
            [*reversed(index.photos)],
            [index.photos[0], replace(index.photos[1], sha256="ab")],
        )
    ]
    assert versions[0] == versions[1] != versions[2]
