"""Plain enhancers that a trained network has to beat: uint8 `(H, W, 3)` → the same."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from wespe.images import Pixels

Enhance = Callable[[Pixels], Pixels]

# Patches read from a memory map at once; each level's count stays exact in OpenCV's float32.
_CHUNK_PIXELS = 2**22


def fit_histogram_match(source_pixels: Pixels, target_pixels: Pixels) -> Enhance:
    """One curve per channel that takes the levels of X to the distribution of those of Y.

    Takes two patch sets, uint8 `(N, H, W, 3)`, memory maps or not, of any two counts and sizes;
    photos are not paired, only all levels pooled. Returns the enhancer of one photo.
    """
    source, target = _histograms(source_pixels), _histograms(target_pixels)
    curves = [_match(source[channel], target[channel]) for channel in range(3)]
    table = np.stack(curves, axis=-1)[None]
    return lambda photo: np.asarray(cv2.LUT(photo, table), np.uint8)


def autocontrast(photo: Pixels) -> Pixels:
    """Each channel stretched to the full range, 1 % of the pixels clipped at either end."""
    return np.array(ImageOps.autocontrast(Image.fromarray(photo), cutoff=1))


def clahe(photo: Pixels) -> Pixels:
    """Contrast-limited adaptive histogram equalisation of L in Lab: 8×8 tiles, clip limit 2."""
    lightness, a, b = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    enhanced = cv2.cvtColor(cv2.merge((lightness, a, b)), cv2.COLOR_LAB2RGB)
    return np.asarray(enhanced, np.uint8)


BASELINES: dict[str, Callable[[Pixels, Pixels], Enhance]] = {
    "histogram_match": fit_histogram_match,
    "autocontrast": lambda _source, _target: autocontrast,
    "clahe": lambda _source, _target: clahe,
}
"""By name, what makes the enhancer from the patch sets of the source and the target domain."""


def _histograms(patches: Pixels) -> NDArray[np.float64]:
    """Counts of the levels of each channel, `(3, 256)`, over all of `(N, H, W, 3)`."""
    counts = np.zeros((3, 256))
    step = max(1, _CHUNK_PIXELS // (patches.shape[1] * patches.shape[2]))
    for first in range(0, len(patches), step):
        chunk = patches[first : first + step].reshape(1, -1, 3)
        for channel in range(3):
            counts[channel] += cv2.calcHist([chunk], [channel], None, [256], [0, 256]).ravel()
    return counts


def _match(source: NDArray[np.float64], target: NDArray[np.float64]) -> Pixels:
    """The monotone curve, 256 levels, from one histogram to another.

    A level stands for the middle of its pixels in the cumulative distribution; between the levels
    that the target has, the curve is interpolated. Equal histograms give the identity.
    """
    present = target > 0
    levels = np.interp(_mid_ranks(source), _mid_ranks(target)[present], np.flatnonzero(present))
    return np.rint(levels).astype(np.uint8)


def _mid_ranks(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of pixels below each level, plus half the share of those at it."""
    ranks: NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / counts.sum()
    return ranks
