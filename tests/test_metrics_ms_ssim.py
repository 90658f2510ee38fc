import math

import numpy as np
import pytest

from wespe.judging.metrics.ms_ssim import ms_ssim


def slow_ms_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """The definition, window by window in float64, without bands, filters or combined moments."""
    x, y = first.astype(float), second.astype(float)
    product = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        size = min(11, x.shape[0], x.shape[1])
        distance = np.arange(size) - np.arange(size).mean()
        profile = np.exp(-(distance**2) / (2 * (1.5 * size / 11) ** 2))
        window = np.outer(profile, profile)[..., None] / profile.sum() ** 2
        values = []
        for top in range(x.shape[0] - size + 1):
            for left in range(x.shape[1] - size + 1):
                a = x[top : top + size, left : left + size]
                b = y[top : top + size, left : left + size]
                mean_a, mean_b = (window * a).sum((0, 1)), (window * b).sum((0, 1))
                variance_a = (window * (a - mean_a) ** 2).sum((0, 1))
                variance_b = (window * (b - mean_b) ** 2).sum((0, 1))
                covariance = (window * (a - mean_a) * (b - mean_b)).sum((0, 1))
                value = (2 * covariance + 7.65**2) / (variance_a + variance_b + 7.65**2)
                if scale == 4:
                    value *= (2 * mean_a * mean_b + 2.55**2) / (mean_a**2 + mean_b**2 + 2.55**2)
                values.append(value)
        product *= max(float(np.mean(values)), 0.0) ** weight
        x, y = (np.pad(z, [(0, len(z) % 2), (0, z.shape[1] % 2), (0, 0)], "edge") for z in (x, y))
        x, y = ((z[::2, ::2] + z[1::2, ::2] + z[::2, 1::2] + z[1::2, 1::2]) / 4 for z in (x, y))
    return product


def pair(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    # Coarse structure, so that something is left to compare at the last scale.
    coarse = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    first = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)
    second = np.clip(first * 0.7 + random.normal(20, 15, first.shape), 0, 255).astype(np.uint8)
    return first, second


# Windows of 7, 4 (even) and 1 px at the last scale; odd sizes on the way down.
@pytest.mark.parametrize(("height", "width"), [(100, 100), (61, 84), (9, 30)])
def test_agrees_with_the_definition(height: int, width: int) -> None:
    first, second = pair(0, height, width)
    assert ms_ssim(first, second) == pytest.approx(slow_ms_ssim(first, second), abs=1e-9)


def test_hand_computed_on_flat_photos() -> None:
    # Without variance only the luminance term of the last scale is left.
    first, second = np.full((176, 176, 3), 100, np.uint8), np.full((176, 176, 3), 200, np.uint8)
    luminance = (2 * 100 * 200 + 2.55**2) / (100**2 + 200**2 + 2.55**2)
    assert ms_ssim(first, second) == pytest.approx(luminance**0.1333, abs=1e-9)


def test_symmetry_and_identity() -> None:
    first, second = pair(1, 120, 90)
    assert 0 < ms_ssim(first, second) < 1
    assert ms_ssim(first, second) == pytest.approx(ms_ssim(second, first), abs=1e-12)
    assert ms_ssim(first, first) == pytest.approx(1, abs=1e-12)


def test_negative_of_a_photo_is_zero_and_no_nan() -> None:
    first, _ = pair(2, 100, 100)
    assert ms_ssim(first, 255 - first) == 0
    assert not math.isnan(ms_ssim(255 - first, first))
