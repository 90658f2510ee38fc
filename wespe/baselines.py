"""Plain enhancers that a trained network has to beat: uint8 `(H, W, 3)` → the same."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from wespe.images import Pixels

Enhance = Callable[[Pixels], Pixels]
Histograms = NDArray[np.int64]

# Patches read from a memory map at once; each level's count stays exact in OpenCV's float32.
_CHUNK_PIXELS = 2**22


def level_histograms(patches: Pixels) -> Histograms:
    """How often each channel has each of its 256 levels: counts `(3, 256)`, a row a channel.

    `patches`: uint8 `(N, H, W, 3)`, a memory map or not, read piece by piece.
    """
    counts = np.zeros((3, 256), np.int64)
    step = max(1, _CHUNK_PIXELS // (patches.shape[1] * patches.shape[2]))
    for first in range(0, len(patches), step):
        chunk = patches[first : first + step].reshape(1, -1, 3)
        for channel in range(3):
            levels = cv2.calcHist([chunk], [channel], None, [256], [0, 256])
            counts[channel] += levels.ravel().astype(np.int64)
    return counts


def fit_histogram_match(source: Histograms, target: Histograms) -> Enhance:
    """One curve per channel that takes the levels of X to the distribution of those of Y.

    Takes the histograms of the two domains: photos are not paired, only all levels pooled. Returns
    the enhancer of one photo.
    """
    table = transport_curves(source, target)[None]
    return lambda photo: np.asarray(cv2.LUT(photo, table), np.uint8)


def transport_curves(source: Histograms, target: Histograms) -> Pixels:
    """The optimal transport of each channel from one domain to the other: uint8 `(256, 3)`."""
    return np.stack([_match(source[channel], target[channel]) for channel in range(3)], axis=-1)


def baselines(names: Collection[str], card: Mapping[str, Any]) -> dict[str, Enhance]:
    """The baselines `names` for the pair of a model card, which holds its domains' histograms.

    Raises ValueError for a card without them, such as an imported network's.
    """
    if not names:
        return {}
    if "data" not in card:
        raise ValueError(
            "the model card has no histograms of its domains, which the baselines are fitted to; "
            "evaluate this network with `baselines: []`"
        )
    domains = [np.array(card["data"][domain]["histograms"]) for domain in ("source", "target")]
    return {name: BASELINES[name](*domains) for name in names}


def autocontrast(photo: Pixels) -> Pixels:
    """Each channel stretched to the full range, 1 % of the pixels clipped at either end."""
    return np.array(ImageOps.autocontrast(Image.fromarray(photo), cutoff=1))


def clahe(photo: Pixels) -> Pixels:
    """Contrast-limited adaptive histogram equalisation of L in Lab: 8×8 tiles, clip limit 2."""
    lightness, a, b = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    enhanced = cv2.cvtColor(cv2.merge((lightness, a, b)), cv2.COLOR_LAB2RGB)
    return np.asarray(enhanced, np.uint8)


BASELINES: dict[str, Callable[[Histograms, Histograms], Enhance]] = {
    "histogram_match": fit_histogram_match,
    "autocontrast": lambda _source, _target: autocontrast,
    "clahe": lambda _source, _target: clahe,
}
"""By name, what makes the enhancer from the level histograms of the source and target domain."""


def _match(source: Histograms, target: Histograms) -> Pixels:
    """The monotone curve, 256 levels, from one histogram to another.

    A level stands for the middle of its pixels in the cumulative distribution; between the levels
    that the target has, the curve is interpolated. Equal histograms give the identity.
    """
    present = target > 0
    levels = np.interp(_mid_ranks(source), _mid_ranks(target)[present], np.flatnonzero(present))
    return np.rint(levels).astype(np.uint8)


def _mid_ranks(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of pixels below each level, plus half the share of those at it."""
    ranks: NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / counts.sum()
    return ranks
