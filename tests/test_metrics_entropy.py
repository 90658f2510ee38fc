import numpy as np
import pytest
from skimage.measure import shannon_entropy

from wespe.judging.metrics.entropy import entropy_bit


def grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels.astype(np.uint8)[..., None], 3, axis=-1)


def test_hand_computed() -> None:
    assert entropy_bit(grey(np.full((4, 4), 7))) == 0
    assert entropy_bit(grey(np.arange(256).reshape(16, 16))) == pytest.approx(8)
    # Shares of a half and two quarters.
    assert entropy_bit(grey(np.array([[0, 0, 100, 255]]))) == pytest.approx(1.5)


def test_colours_of_equal_luma_are_one_level() -> None:
    # 0.299 × 200 = 59.8 and 0.587 × 102 = 59.9 both round to 60.
    assert entropy_bit(np.array([[[200, 0, 0], [0, 102, 0]]], np.uint8)) == 0


def test_agrees_with_skimage_and_ignores_positions() -> None:
    random = np.random.default_rng(0)
    levels = random.normal(120, 30, (50, 70)).clip(0, 255).astype(np.uint8)
    assert entropy_bit(grey(levels)) == pytest.approx(shannon_entropy(levels), abs=1e-9)
    shuffled = random.permutation(levels.ravel()).reshape(70, 50)
    assert entropy_bit(grey(shuffled)) == entropy_bit(grey(levels))
