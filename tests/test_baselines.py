from pathlib import Path

import numpy as np
import pytest
from skimage.exposure import match_histograms

from wespe.baselines import (
    BASELINES,
    Enhance,
    autocontrast,
    clahe,
    fit_histogram_match,
    level_histograms,
)
from wespe.images import read_photo
from wespe.metrics.psnr import psnr_db

DPED = Path(__file__).parents[1].parent / "shared" / "data" / "dped" / "patches"


def patches(seed: int, mean: float, deviation: float, count: int = 5) -> np.ndarray:
    levels = np.random.default_rng(seed).normal(mean, deviation, (count, 40, 40, 3))
    return levels.clip(0, 255).astype(np.uint8)


@pytest.fixture(params=list(BASELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_takes_a_photo_to_one_of_its_size_and_leaves_it_alone(name: str) -> None:
    enhance = BASELINES[name](
        level_histograms(patches(0, 90, 20)), level_histograms(patches(1, 130, 40))
    )
    photo = patches(2, 90, 20, count=1)[0][:31]
    before = photo.copy()
    enhanced = enhance(photo)
    assert enhanced.shape == photo.shape
    assert enhanced.dtype == np.uint8
    assert not np.array_equal(enhanced, photo)
    assert np.array_equal(photo, before)
    assert np.array_equal(enhance(photo), enhanced)


def match(source: np.ndarray, target: np.ndarray) -> Enhance:
    return fit_histogram_match(level_histograms(source), level_histograms(target))


def curve(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """What every level becomes, (256, 3)."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    return match(source, target)(ramp)[0]


def test_histogram_match_hand_computed() -> None:
    source = np.array([10, 10, 20, 30], np.uint8).reshape(1, 2, 2, 1).repeat(3, axis=-1)
    target = np.array([100, 100, 120, 200], np.uint8).reshape(1, 2, 2, 1).repeat(3, axis=-1)
    assert curve(source, target)[[10, 20, 30], 0].tolist() == [100, 120, 200]
    # Level 15 ranks at 1/2, between the middles of 100 (1/4) and 120 (5/8).
    assert curve(source, target)[15, 0] == round(100 + 20 * (1 / 2 - 1 / 4) / (5 / 8 - 1 / 4))


def test_histogram_match_is_monotone_and_per_channel() -> None:
    target = patches(1, 130, 40)
    target[..., 2] //= 2
    levels = curve(patches(0, 90, 20), target).astype(int)
    assert (np.diff(levels, axis=0) >= 0).all()
    assert levels[90, 2] < levels[90, 0] - 40


def test_histogram_match_of_equal_sets_is_the_identity_on_their_levels() -> None:
    source = patches(0, 90, 20)
    assert np.array_equal(match(source, source)(source[0]), source[0])


def test_histogram_match_agrees_with_skimage_on_one_photo() -> None:
    source, target = patches(0, 90, 20), patches(1, 130, 25)
    reference = match_histograms(source[0], target[0], channel_axis=-1).astype(int)
    ours = match(source[:1], target[:1])(source[0])
    # skimage ranks a level by the top of its pixels, we by their middle, and it rounds down: a
    # level or two in the sparse tails, less elsewhere.
    assert np.abs(ours - reference).mean() < 1
    assert np.abs(ours.mean((0, 1)) - target[0].mean((0, 1))).max() < 0.3


def test_histogram_match_streams_over_memory_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = patches(0, 90, 20), patches(1, 130, 40, count=7)
    whole = curve(source, target)
    np.save(tmp_path / "source.npy", source)
    monkeypatch.setattr("wespe.baselines._CHUNK_PIXELS", 3 * 40 * 40)
    mapped = np.load(tmp_path / "source.npy", mmap_mode="r")
    assert np.array_equal(curve(mapped, target), whole)


def test_autocontrast_stretches_every_channel() -> None:
    photo = patches(0, 90, 10, count=1)[0]
    photo[..., 1] += 60
    stretched = autocontrast(photo)
    assert stretched.min((0, 1)).tolist() == [0, 0, 0]
    assert stretched.max((0, 1)).tolist() == [255, 255, 255]


def test_clahe_raises_local_contrast_and_keeps_grey_grey() -> None:
    grey = patches(0, 90, 5, count=1)[0][..., :1].repeat(3, axis=-1)
    equalised = clahe(grey).astype(int)
    assert equalised.std() > 1.5 * grey.std()
    # 8-bit Lab costs up to two levels.
    assert np.ptp(equalised, axis=-1).max() <= 2


@pytest.mark.skipif(not DPED.is_dir(), reason="no real photos")
def test_histogram_match_reproduces_the_figure_on_dped() -> None:
    phone, canon = (
        np.stack([read_photo(DPED / camera / f"{number}.jpg").pixels for number in range(300)])
        for camera in ("iphone", "canon")
    )
    enhance = match(phone, canon)
    values = [
        psnr_db(enhance(photo), reference)
        for photo, reference in zip(phone, canon, strict=True)
        if not np.array_equal(photo, reference)
    ]
    assert len(values) == 297
    assert np.mean(values) == pytest.approx(20.47, abs=6e-3)
