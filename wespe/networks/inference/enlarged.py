"""Photos that a network makes larger: how large they may become, and what is between."""

from pathlib import Path

import cv2
import numpy as np

from wespe.networks.inference.tiles import TiledEnhancer
from wespe.photos.images import AnyPixels, PhotoError, photo_size

LARGEST_PX = 300_000_000
"""Of the result of a network that enlarges."""


def check_scale(scale: float | None, enhancer: TiledEnhancer) -> None:
    """Raise ValueError for a final `scale` that a network does not reach."""
    if scale is None or 1 <= scale <= enhancer.scale:
        return
    if enhancer.scale == 1:
        raise ValueError(f"scale {scale:g}: expected a network that makes photos larger")
    raise ValueError(f"scale must be from 1 to {enhancer.scale}, the network's own, got {scale:g}")


def check_size(path: Path, scale: int) -> None:
    """Raise PhotoError, before any work, for a photo that would become too large."""
    width, height = photo_size(path)
    if scale != 1 and width * height * scale**2 > LARGEST_PX:
        got = width * height * scale**2 / 1e6
        raise PhotoError(
            path,
            f"expected at most {LARGEST_PX / 1e6:g} megapixels once it is {scale} times as wide "
            f"and high, got {got:.0f}",
        )


def reduced(enhanced: AnyPixels, original: AnyPixels, scale: float) -> AnyPixels:
    """`enhanced` at `scale` times the size of `original`, by the mean of what a pixel covers."""
    height, width = (max(1, round(side * scale)) for side in original.shape[:2])
    reduced = cv2.resize(enhanced, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, enhanced.dtype)
