"""The dictionary of metrics, and the published figures that they reproduce together."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tests.made import WEIGHTLESS
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS, Metric
from wespe.photos.images import Pixels, read_photo
from wespe.results.score import Score

DPED = Path(__file__).parents[1].parent / "shared" / "data" / "dped"
BRISQUE = importlib.util.find_spec("brisque") is not None
IDENTICAL = {103, 177, 221}


def test_measure_gives_what_can_be_had() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    names = [name for name in WEIGHTLESS if name != "brisque" or BRISQUE]
    assert list(measure(photo, photo[::-1], WEIGHTLESS)) == names
    assert list(measure(photo, None, WEIGHTLESS)) == names[names.index("entropy_bit") :]


def mean_level(photo: Pixels) -> float:
    return float(photo.mean())


def test_a_new_metric_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    mean = Metric(f"{__name__}:mean_level", False, Score("mean"))
    monkeypatch.setitem(METRICS, "mean", mean)
    assert measure(np.full((20, 30, 3), 9, np.uint8), None, ["mean"]) == {"mean": 9}


@pytest.mark.slow
@pytest.mark.skipif(not DPED.is_dir(), reason="no real photos")
def test_reproduces_the_figures_of_iphone_originals() -> None:
    names = [f"{number}.jpg" for number in range(300) if number not in IDENTICAL]
    rows = []
    for name in names:
        phone = read_photo(DPED / "patches" / "iphone" / name).pixels
        canon = read_photo(DPED / "patches" / "canon" / name).pixels
        rows.append([METRICS[key](phone, canon) for key in ("psnr_db", "ssim", "ms_ssim")])
    # Known to so many digits; 8-bit levels in, per-image values averaged.
    assert np.mean(rows, axis=0) == pytest.approx([17.31, 0.683, 0.844], abs=5e-3)
    assert np.mean(rows, axis=0)[1:] == pytest.approx([0.683, 0.844], abs=5e-4)


@pytest.mark.slow
@pytest.mark.skipif(not DPED.is_dir(), reason="no real photos")
def test_reproduces_the_entropy_of_iphone_originals() -> None:
    files = sorted((DPED / "iphone_full").glob("*.jpg"), key=lambda file: int(file.stem))[:15]
    values = [METRICS["entropy_bit"](read_photo(file).pixels) for file in files]
    assert np.mean(values) == pytest.approx(7.26, abs=6e-3)
