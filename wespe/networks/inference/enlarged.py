"""Photos that a network makes larger: how large they may become, and what is between."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from wespe.photos.images import FORMATS, AnyPixels, PhotoError, photo_size

LARGEST_PX = 300_000_000
"""Of the result of a network that enlarges."""
LONGEST_PX = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 32_768}
"""The longest side that can be written, and read again, by Pillow's name of a format."""


class Enlarging(Protocol):
    """What enlarges photos, by its own factor; of a network that keeps their size that is 1."""

    @property
    def scale(self) -> int: ...

    def held_scale(self, scale: float | None) -> int:
        """The factor of what is in memory as a whole where the result has the factor `scale`."""
        ...


def end_scale(own: int, scale: float | None) -> float:
    """The factor of the result. Raises ValueError for one that `own`, the network's, has not."""
    if scale is None or 1 <= scale <= own:
        return own if scale is None else scale
    if own == 1:
        raise ValueError(
            f"scale {scale:g}: expected a network that makes photos larger, such as `larger`"
        )
    raise ValueError(f"scale must be from 1 to {own}, the network's own, got {scale:g}")


def check_size(path: Path, enlarging: Enlarging, scale: float | None) -> None:
    """Raise PhotoError, before any work, for a photo that would become too large.

    Too large for memory, or too long for the format of its file.
    """
    width, height = photo_size(path)
    if problem := too_large(width, height, enlarging, scale):
        raise PhotoError(path, problem)
    kind = FORMATS.get(path.suffix.lower(), "")
    longest, wanted = max(width, height), end_scale(enlarging.scale, scale)
    if wanted != 1 and kind in LONGEST_PX and longest * wanted > LONGEST_PX[kind]:
        raise PhotoError(
            path,
            f"expected a side of at most {LONGEST_PX[kind]} px, the most that {kind} holds, once "
            f"it is {wanted:g} times as long, got {longest * wanted:.0f}",
        )


def too_large(width: int, height: int, enlarging: Enlarging, scale: float | None) -> str:
    """Why a photo of this size cannot be enlarged, in words; empty where it can."""
    held = enlarging.held_scale(scale)
    pixels = width * height * held**2
    if held == 1 or pixels <= LARGEST_PX:
        return ""
    reduced = held != end_scale(enlarging.scale, scale)
    between = ", which its result is reduced from" if reduced else ""
    return (
        f"expected at most {LARGEST_PX / 1e6:g} megapixels once it is {held} times as wide and "
        f"high{between}, got {pixels / 1e6:.0f}"
    )


def by_area(enhanced: AnyPixels, original: AnyPixels, scale: float) -> AnyPixels:
    """`enhanced` at `scale` times the size of `original`, by the mean of what a pixel covers."""
    height, width = (max(1, round(side * scale)) for side in original.shape[:2])
    reduced = cv2.resize(enhanced, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, enhanced.dtype)
