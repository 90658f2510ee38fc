import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from wespe.judging.metrics.psnr import psnr_db


def photo(seed: int, height: int = 37, width: int = 53) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_hand_computed() -> None:
    black, grey = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 51, np.uint8)
    # 51 is a fifth of the peak: 20 log10 5.
    assert psnr_db(grey, black) == pytest.approx(20 * math.log10(5))
    one_channel = black.copy()
    one_channel[..., 1] = 51
    assert psnr_db(one_channel, black) == pytest.approx(20 * math.log10(5) + 10 * math.log10(3))


def test_agrees_with_skimage() -> None:
    ours = psnr_db(photo(0), photo(1))
    assert ours == pytest.approx(peak_signal_noise_ratio(photo(1), photo(0)), rel=1e-12)


def test_sum_of_a_large_photo_is_exact() -> None:
    # 1.8 × 10^11 squared error: beyond 32-bit sums.
    white, black = np.full((1000, 1000, 3), 255, np.uint8), np.zeros((1000, 1000, 3), np.uint8)
    assert psnr_db(white, black) == pytest.approx(0, abs=1e-12)


def test_symmetric_and_infinite_for_equal_pixels() -> None:
    assert psnr_db(photo(0), photo(1)) == psnr_db(photo(1), photo(0))
    assert psnr_db(photo(0), photo(0)) == math.inf
