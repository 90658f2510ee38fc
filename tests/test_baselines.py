import numpy as np
import pytest

from tests.made import card
from wespe.judging.baselines import autocontrast, baselines, clahe, grey_world
from wespe.judging.registry import BASELINES
from wespe.results.cards import ModelCard
from wespe.training.transport.fit import fit_transport, histogram_match


def patches(seed: int, mean: float, deviation: float, count: int = 5) -> np.ndarray:
    levels = np.random.default_rng(seed).normal(mean, deviation, (count, 40, 40, 3))
    return levels.clip(0, 255).astype(np.uint8)


def of_pair() -> ModelCard:
    source, target = patches(0, 90, 20), patches(1, 130, 40)
    return card(
        transport=fit_transport(source, target).numbers(),
        histogram_match=histogram_match(source, target).tolist(),
    )


@pytest.fixture(params=list(BASELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_takes_a_photo_to_one_of_its_size_and_leaves_it_alone(name: str) -> None:
    enhance = baselines([name], of_pair())[name]
    photo = patches(2, 90, 20, count=1)[0][:31]
    before = photo.copy()
    enhanced = enhance(photo)
    assert enhanced.shape == photo.shape
    assert enhanced.dtype == np.uint8
    assert not np.array_equal(enhanced, photo)
    assert np.array_equal(photo, before)
    assert np.array_equal(enhance(photo), enhanced)


def test_histogram_match_gives_a_photo_the_distribution_of_the_target() -> None:
    photo, target = patches(0, 90, 20)[0], patches(1, 130, 40)
    matched = baselines(["histogram_match"], of_pair())["histogram_match"](photo)
    assert matched.mean() == pytest.approx(target.mean(), abs=1)
    assert matched.std() == pytest.approx(target.std(), rel=0.03)


def test_a_card_without_domains_has_the_baselines_that_need_none() -> None:
    assert list(baselines(["clahe", "autocontrast"], None)) == ["clahe", "autocontrast"]
    with pytest.raises(ValueError, match=r"expected baselines among .*clahe, got 'sharpen'"):
        baselines(["clahe", "sharpen"], None)
    for name in ("histogram_match", "transport"):
        with pytest.raises(ValueError, match=rf"nothing for .*'{name}'.*`baselines: \[\]`"):
            baselines([name], None)


def test_autocontrast_stretches_every_channel() -> None:
    photo = patches(0, 90, 10, count=1)[0]
    photo[..., 1] += 60
    stretched = autocontrast(photo)
    assert stretched.min((0, 1)).tolist() == [0, 0, 0]
    assert stretched.max((0, 1)).tolist() == [255, 255, 255]


def test_grey_world_balances_and_stretches() -> None:
    # Means 60, 120 and 180 become 120 each: columns of 80, 100, 140 and 160 in every channel.
    columns = np.array([40, 50, 70, 80], np.float32)[:, None] * [1, 2, 3]
    photo = np.tile(columns.astype(np.uint8), (8, 50, 1))
    balanced = grey_world(photo)
    # The 1st and 99th percentile are 80 and 160.
    expected = np.rint((np.array([80, 100, 140, 160]) - 80) * 255 / 80)
    assert np.array_equal(balanced[0, :4], np.tile(expected[:, None], 3))


def test_grey_world_by_counts_is_that_by_pixels() -> None:
    photo = patches(3, 90, 30, count=1)[0] // np.array([1, 2, 3], np.uint8)
    pixels = photo.astype(float)
    balanced = pixels * (pixels.mean() / pixels.mean((0, 1)))
    low, high = np.percentile(balanced, [1, 99], method="inverted_cdf")
    expected = np.rint(((balanced - low) * 255 / (high - low)).clip(0, 255))
    assert np.array_equal(grey_world(photo), expected)


def test_grey_world_leaves_a_constant_photo_and_a_black_channel_alone() -> None:
    flat = np.full((4, 4, 3), 77, np.uint8)
    assert np.array_equal(grey_world(flat), flat)
    photo = patches(0, 90, 20, count=1)[0]
    photo[..., 2] = 0
    assert not grey_world(photo)[..., 2].any()


def test_clahe_raises_local_contrast_and_keeps_grey_grey() -> None:
    grey = patches(0, 90, 5, count=1)[0][..., :1].repeat(3, axis=-1)
    equalised = clahe(grey).astype(int)
    assert equalised.std() > 1.5 * grey.std()
    # 8-bit Lab costs up to two levels.
    assert np.ptp(equalised, axis=-1).max() <= 2
