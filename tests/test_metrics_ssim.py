import numpy as np
import pytest
from skimage.metrics import structural_similarity

from wespe.judging.metrics.ssim import ssim


def pair(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A random picture and a noisy darker copy."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 256, (height, width, 3), np.uint8)
    second = np.clip(first * 0.8 + random.normal(0, 20, first.shape), 0, 255).astype(np.uint8)
    return first, second


# 11: one window; 75: one row of windows into the second band; 200: several bands.
@pytest.mark.parametrize(("height", "width"), [(11, 11), (12, 90), (75, 40), (200, 33)])
def test_agrees_with_skimage(height: int, width: int) -> None:
    first, second = pair(0, height, width)
    reference = structural_similarity(
        first,
        second,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    # Both in float64; only the order of the sums differs.
    assert ssim(first, second) == pytest.approx(reference, abs=1e-10)


def test_hand_computed_on_flat_photos() -> None:
    # Without variance only the luminance term is left.
    first, second = np.full((20, 20, 3), 100, np.uint8), np.full((20, 20, 3), 200, np.uint8)
    c1 = 2.55**2
    expected = (2 * 100 * 200 + c1) / (100**2 + 200**2 + c1)
    assert ssim(first, second) == pytest.approx(expected, abs=1e-9)


def test_photo_smaller_than_the_window() -> None:
    # One pixel a window: no variance, the luminance term again.
    first, second = np.full((1, 5, 3), 10, np.uint8), np.full((1, 5, 3), 30, np.uint8)
    c1 = 2.55**2
    assert ssim(first, second) == pytest.approx((600 + c1) / (1000 + c1), abs=1e-12)


def test_symmetry_identity_and_mirror() -> None:
    first, second = pair(1, 80, 60)
    value = ssim(first, second)
    assert 0 < value < 1
    assert ssim(second, first) == pytest.approx(value, abs=1e-12)
    assert ssim(first, first) == pytest.approx(1, abs=1e-12)
    mirrored = [np.ascontiguousarray(photo[::-1, ::-1]) for photo in (first, second)]
    assert ssim(*mirrored) == pytest.approx(value, abs=1e-12)
