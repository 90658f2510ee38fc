"""Structural similarity, and its terms that multi-scale SSIM shares."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Levels = Pixels | NDArray[np.float32] | NDArray[np.float64]

_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_WINDOW_PX = 11
# Filtering bands of rows keeps the intermediate maps in the processor's cache: several times
# faster on 12 MP than the whole photo at once, and the memory needed does not grow with the height.
_BAND_ROWS = 64


def ssim(photo: Pixels, reference: Pixels) -> float:
    """Mean SSIM of one photo against its reference, both uint8 `(H, W, 3)`; at most 1.

    A Gaussian window of 11×11 px, σ 1.5 px, at every position where it lies inside the photo (in a
    photo narrower than that, a smaller one, as in `ssim_terms`). Taken on each of R, G and B; the
    mean runs over positions and channels. Source: Wang et al. 2004, with K1 0.01 and K2 0.03.
    """
    return ssim_terms(photo, reference)[0]


def ssim_terms(photo: Levels, reference: Levels) -> tuple[float, float]:
    """Mean SSIM and its mean contrast-structure factor, of two `(H, W, C)` in [0, 255].

    The window is `min(11, H, W)` px wide and its σ shrinks in proportion, as in DPED's MS-SSIM.
    """
    height, width = photo.shape[:2]
    size = min(_WINDOW_PX, height, width)
    rows, columns = height - size + 1, width - size + 1
    similarity = contrast_structure = 0.0
    for top in range(0, rows, _BAND_ROWS):
        band = slice(top, min(top + _BAND_ROWS, rows) + size - 1)
        x, y = photo[band].astype(np.float64), reference[band].astype(np.float64)
        mean_x, mean_y = _windowed_mean(x, size), _windowed_mean(y, size)
        # Sums of both photos' moments: SSIM needs no more, and it saves a filtering pass.
        means_product = 2 * mean_x * mean_y
        means_squared = mean_x * mean_x + mean_y * mean_y
        covariance = 2 * _windowed_mean(x * y, size) - means_product
        variances = _windowed_mean(x * x + y * y, size) - means_squared
        terms = (covariance + _C2) / (variances + _C2)
        contrast_structure += float(terms.sum())
        similarity += float((terms * (means_product + _C1) / (means_squared + _C1)).sum())
    count = rows * columns * photo.shape[2]
    return similarity / count, contrast_structure / count


def _windowed_mean(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Gaussian-weighted means of all windows of `size` px inside `values` `(H, W, C)`."""
    offsets = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-0.5 * (offsets / (1.5 * size / _WINDOW_PX)) ** 2)
    kernel /= kernel.sum()
    filtered = np.asarray(cv2.sepFilter2D(values, -1, kernel, kernel), np.float64)
    filtered = filtered.reshape(values.shape)  # OpenCV drops a single channel
    height, width = values.shape[:2]
    first = size // 2
    return filtered[first : first + height - size + 1, first : first + width - size + 1]
