"""Making photos smaller and larger as the literature on super-resolution does."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wespe.photos.images import Pixels
from wespe.photos.tensors import from_levels

_SUPPORT_PX = 4.0  # how wide Keys' kernel is
_SIGMA = 0.4  # of `blurred_down`, per px of the factor; 1.6 px at 4


def bicubic_down(image: Tensor, factor: int) -> Tensor:
    """`(N, C, H, W)` at `1 / factor` of its size, as MATLAB's `imresize` with `bicubic` does it.

    With antialiasing, which Pillow has and OpenCV and torch by default have not; mirrored at the
    border. H and W are multiples of `factor`. In the image's own type, not rounded.
    """
    return _along(image, lambda side: _bicubic(side, side // factor))


def bicubic_up(image: Tensor, factor: int) -> Tensor:
    """`(N, C, H, W)` at `factor` times its size, as MATLAB's `imresize` does it; not rounded."""
    return _along(image, lambda side: _bicubic(side, side * factor))


def blurred_down(image: Tensor, factor: int) -> Tensor:
    """Blurred by a Gaussian, and of each `factor` px the middle: `(N, C, H, W)` at 1 / `factor`.

    Standard deviation 0.4 · `factor`, so 1.6 px at 4, as in work on videos. There the first of each
    4 px is taken, which moves the photo by 1.5 px; here it stays in its place.
    """
    return _along(image, lambda side: _gaussian(side, factor))


def rounded(image: Tensor) -> Tensor:
    """`image` in [0, 1] at the levels of 8 bits; halves go up, as in MATLAB."""
    return ((image * 255 + 0.5).floor() / 255).clamp(0, 1)


def smaller(photo: Pixels, factor: int) -> Pixels:
    """A photo, uint8 `(H, W, 3)`, by `bicubic_down`; what is left of a multiple is cut off."""
    height, width = (side // factor * factor for side in photo.shape[:2])
    return _levels(bicubic_down(_exact(photo[:height, :width]), factor))


def larger(photo: Pixels, factor: int) -> Pixels:
    """A photo, uint8 `(H, W, 3)`, by `bicubic_up`."""
    return _levels(bicubic_up(_exact(photo), factor))


def _exact(photo: Pixels) -> Tensor:
    return from_levels(torch.from_numpy(photo[None].copy())).double()


def _levels(image: Tensor) -> Pixels:
    levels = (image[0].permute(1, 2, 0).clamp(0, 1) * 255 + 0.5).floor()
    return np.ascontiguousarray(levels.numpy().astype(np.uint8))


_Matrix = NDArray[np.float64]
_Kernel = Callable[[_Matrix], _Matrix]


def _along(image: Tensor, matrix: Callable[[int], _Matrix]) -> Tensor:
    """`image` with each column and each row taken by the matrix for its length."""
    rows, columns = (
        torch.from_numpy(matrix(side)).to(image.device, image.dtype) for side in image.shape[-2:]
    )
    return rows @ image @ columns.mT


@lru_cache(maxsize=16)
def _bicubic(length: int, wanted: int) -> _Matrix:
    """What each of `wanted` pixels takes of `length`, `(wanted, length)`."""
    scale = wanted / length
    stretch = min(scale, 1)
    places = (np.arange(wanted) + 0.5) / scale - 0.5

    def kernel(distance: _Matrix) -> _Matrix:
        x = np.abs(distance * stretch)
        near = (1.5 * x - 2.5) * x**2 + 1
        far = ((-0.5 * x + 2.5) * x - 4) * x + 2
        return np.where(x <= 1, near, np.where(x <= 2, far, 0))

    return _mirrored(np.asarray(places, float), length, kernel, _SUPPORT_PX / stretch)


@lru_cache(maxsize=16)
def _gaussian(length: int, factor: int) -> _Matrix:
    sigma_px = _SIGMA * factor
    places = (np.arange(length // factor) + 0.5) * factor - 0.5

    def kernel(distance: _Matrix) -> _Matrix:
        weights: _Matrix = np.exp(-(distance**2) / (2 * sigma_px**2))
        return weights

    return _mirrored(np.asarray(places, float), length, kernel, 8 * sigma_px)


def _mirrored(places: _Matrix, length: int, kernel: _Kernel, width_px: float) -> _Matrix:
    """The weights of `length` pixels, mirrored beyond both ends, around each place; each sums to 1.

    `places` are in px from the middle of the first pixel; `kernel` ends within `width_px` / 2.
    """
    taps = math.ceil(width_px) + 2
    first = np.floor(places - width_px / 2).astype(int)
    pixels = first[:, None] + np.arange(taps)
    weights = kernel(places[:, None] - pixels)
    weights /= weights.sum(1, keepdims=True)
    pixels %= 2 * length
    pixels = np.minimum(pixels, 2 * length - 1 - pixels)
    matrix = np.zeros((len(places), length))
    np.add.at(matrix, (np.arange(len(places))[:, None], pixels), weights)
    return matrix
