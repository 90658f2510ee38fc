"""Metrics of luma alone, as the literature on super-resolution measures them."""

import math

import numpy as np
from numpy.typing import NDArray

from wespe.judging.metrics.ssim import ssim_terms
from wespe.photos.images import Pixels

_WEIGHTS = (65.481, 128.553, 24.966)  # of R, G and B; BT.601, in 16 … 235


def luma(photo: Pixels) -> NDArray[np.float64]:
    """Y of BT.601 in 16 … 235, not rounded, `(H, W)`, as `rgb2ycbcr` of MATLAB gives it."""
    levels: NDArray[np.float64] = 16 + photo.astype(np.float64) @ np.array(_WEIGHTS) / 255
    return levels


def psnr_y_db(photo: Pixels, reference: Pixels) -> float:
    """PSNR in dB of the luma of one photo against its reference, both uint8 `(H, W, 3)`.

    The peak is 255, though luma ends at 235; `inf` for equal luma.
    """
    squared_error = float(np.square(luma(photo) - luma(reference)).mean())
    return 10 * math.log10(255**2 / squared_error) if squared_error else math.inf


def ssim_y(photo: Pixels, reference: Pixels) -> float:
    """Mean SSIM of the luma of one photo against its reference, both uint8 `(H, W, 3)`.

    The Gaussian window of `ssim`, where it lies inside the photo.
    """
    return ssim_terms(luma(photo)[..., None], luma(reference)[..., None])[0]
