"""Noise, spectrum, hue and saturation of photos whose noise, spectrum and colours are known."""

import cv2
import numpy as np
import pytest
from skimage.color import rgb2lab

from wespe.judging.metrics.texture import (
    BLOCK_PX,
    Blocks,
    chroma_by_hue,
    hue_deg,
    lab_of,
    luma_of,
    noise_levels,
    ring_powers,
    turned_deg,
)
from wespe.photos.images import Pixels


def noisy(sigma: float, level: float = 120, size: int = 256) -> Pixels:
    """A grey photo with white noise of this standard deviation, the same in all channels."""
    noise = np.random.default_rng(0).normal(level, sigma, (size, size, 1)).repeat(3, axis=2)
    return np.asarray(np.rint(noise).clip(0, 255), np.uint8)


def kept_by_the_finest_band() -> float:
    """The standard deviation of unit white noise minus its Gaussian of σ 1 px, by the kernel."""
    line = cv2.getGaussianKernel(9, 1.0)
    kernel = -(line @ line.T)
    kernel[4, 4] += 1
    return float(np.sqrt((kernel**2).sum()))


@pytest.mark.parametrize("sigma", [1.5, 3.0, 8.0])
def test_white_noise_is_found_as_strong_as_it_is(sigma: float) -> None:
    found = noise_levels(noisy(sigma))
    assert found.shape == ((256 // BLOCK_PX) ** 2,)
    # Rounding to levels adds a variance of 1/12; the median of so many blocks is exact to 2 %.
    expected = np.hypot(sigma, 12**-0.5) * kept_by_the_finest_band()
    assert found.mean() == pytest.approx(expected, rel=0.03)


def test_edges_and_slopes_are_no_noise() -> None:
    slope = np.tile(np.linspace(20, 220, 256), (256, 1))
    edge = np.where(np.arange(256) < 130, 40, 200) * np.ones((256, 1))
    for plane in (slope, edge):
        photo = np.rint(plane)[..., None].repeat(3, axis=2).astype(np.uint8)
        assert noise_levels(photo).max() < 0.6  # steps of whole levels
    assert noise_levels(noisy(0)).max() == 0


def test_a_blur_takes_the_noise_away() -> None:
    photo = noisy(6)
    smooth = np.asarray(cv2.GaussianBlur(photo, (0, 0), 1.5), np.uint8)
    assert noise_levels(smooth).mean() < 0.2 * noise_levels(photo).mean()


def test_blocks_tell_flat_from_structured_whatever_the_noise() -> None:
    photo = noisy(5, 30, size=96)
    photo[:, 64:] += np.uint8(40) * (np.arange(32) % 16 < 8)[:, None]
    blocks = Blocks.of(photo)
    luma, structure = (values.reshape(3, 3) for values in (blocks.luma, blocks.structure))
    assert luma[:, :2] == pytest.approx(30, abs=0.6)
    assert structure[:, 0].max() < 1  # σ 2 px leaves about a seventh of the noise
    assert structure[:, 2].min() > 10
    assert blocks.lab.shape == (9, 3)
    # What is left at the sides belongs to no block.
    assert len(Blocks.of(photo[:70, :95]).luma) == 4


@pytest.mark.parametrize("ring", [2, 4, 6, 8])
def test_a_wave_has_its_power_in_its_ring(ring: int) -> None:
    frequency = (ring + 0.5) / 20
    wave = 120 + 50 * np.sin(2 * np.pi * frequency * np.arange(200))
    photo = np.rint(np.tile(wave, (200, 1)))[..., None].repeat(3, axis=2).astype(np.uint8)
    powers = ring_powers(photo)
    assert powers.shape == (4, 10)
    assert (powers.argmax(axis=1) == ring).all()
    others = np.delete(powers, ring, axis=1)
    assert others.max() < 0.01 * powers[:, ring].min()
    # Turned by a quarter it is the same; twice as high, it has four times the power.
    assert ring_powers(np.rot90(photo).copy()) == pytest.approx(powers, rel=0.02, abs=50)
    stronger = np.asarray(2 * (photo.astype(int) - 120) + 120, np.uint8)
    assert ring_powers(stronger)[:, ring] == pytest.approx(4 * powers[:, ring], rel=0.02)


def test_white_noise_is_as_strong_in_every_ring_and_so_as_parseval_says() -> None:
    powers = ring_powers(noisy(10, size=900)).mean(axis=0)
    assert powers == pytest.approx(powers.mean(), rel=0.1)
    window = np.hanning(100)
    # The mean over all frequencies of |FFT|² of windowed noise: variance times the window's sum.
    expected = (100 + 1 / 12) * (window**2).sum() ** 2
    assert powers[1:].mean() == pytest.approx(expected, rel=0.03)


def test_a_level_by_itself_has_no_power() -> None:
    assert ring_powers(noisy(0)).max() < 1e-6


def test_colours_are_those_of_scikit_image() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    # Both print the matrix with other decimals.
    assert lab_of(photo) == pytest.approx(rgb2lab(photo), abs=0.02)
    luma = photo.astype(float) @ [0.299, 0.587, 0.114]
    assert luma_of(photo) == pytest.approx(luma, abs=1e-3)


@pytest.mark.parametrize(
    ("colour", "hue"),
    # Of the primaries in sRGB, as tables of CIELAB have them.
    [((255, 0, 0), 40.0), ((0, 255, 0), 136.0), ((0, 0, 255), 306.3), ((255, 255, 0), 102.9)],
)
def test_the_hue_of_known_colours(colour: tuple[int, int, int], hue: float) -> None:
    photo = np.full((64, 64, 3), colour, np.uint8)
    assert hue_deg(Blocks.of(photo).lab) == pytest.approx(hue, abs=0.2)


def test_hues_are_averaged_and_compared_on_the_circle() -> None:
    around_red = np.array([[50.0, 10.0, 1.0], [50.0, 10.0, -1.0]])
    assert hue_deg(around_red) == pytest.approx(0, abs=1e-9)
    assert turned_deg(2, 358) == 4
    assert turned_deg(358, 2) == -4
    assert turned_deg(269.0, 260.6) == pytest.approx(8.4)


def test_chroma_is_that_of_each_sector_without_the_grey() -> None:
    photo = np.full((10, 30, 3), 128, np.uint8)  # a third is grey
    photo[:, 10:20] = (200, 30, 30)
    photo[:, 20:] = (40, 60, 220)
    sums, counts = chroma_by_hue(photo)
    assert counts.tolist() == [100, 0, 0, 0, 0, 0, 100, 0]
    red, blue = rgb2lab(photo)[0, [10, 20]]
    assert sums[0] / 100 == pytest.approx(np.hypot(*red[1:]), abs=0.1)
    assert sums[6] / 100 == pytest.approx(np.hypot(*blue[1:]), abs=0.1)


def test_less_saturation_is_less_chroma() -> None:
    photo = np.random.default_rng(2).integers(0, 256, (60, 60, 3), np.uint8)
    grey = photo.mean(axis=2, keepdims=True)
    paler = np.asarray(grey + 0.6 * (photo - grey), np.uint8)
    means = []
    for each in (photo, paler):
        sums, counts = chroma_by_hue(each)
        means.append(sums.sum() / counts.sum())
    before, after = means
    assert after == pytest.approx(0.6 * before, rel=0.1)
