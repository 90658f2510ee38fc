"""What an imagined camera sees that moves over a photo."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.data.clips.settings import Motion
from wespe.photos.images import Pixels

Floats = NDArray[np.float64]


def imagined(
    photo: Pixels,
    *,
    size_px: int,
    frames: int,
    motion: Motion,
    generator: np.random.Generator,
) -> Pixels | None:
    """Frames `(frames, size_px, size_px, 3)` of a photo, uint8 `(H, W, 3)`, seen on one path.

    Cubic interpolation between the photo's pixels. None where the photo has no room for the path.
    """
    turned, places = _path(frames, motion, generator)
    half = (size_px - 1) / 2
    corners = np.array([(x, y) for x in (-half, half) for y in (-half, half)])
    reached = places[:, None] + corners @ turned.transpose(0, 2, 1)
    low, high = reached.min((0, 1)), reached.max((0, 1))
    # One px more on each side, for the interpolation.
    room = np.array(photo.shape[1::-1]) - 1 - (high - low) - 2
    if (room < 0).any():
        return None
    start = 1 - low + generator.uniform(size=2) * room
    made = [
        _seen(photo, start + place, matrix, size_px)
        for place, matrix in zip(places, turned, strict=True)
    ]
    return np.stack(made)


def _path(frames: int, motion: Motion, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """How the axes of each frame lie in the photo, `(frames, 2, 2)`; its middle, `(frames, 2)`."""
    speed, zoom, turn = generator.uniform((0, -1, -1), 1) * (
        motion.shift_px,
        motion.zoom,
        math.radians(motion.turn_degrees),
    )
    direction = generator.uniform(0, 2 * math.pi)
    step = speed * np.array([math.cos(direction), math.sin(direction)])
    number = np.arange(frames)
    places = number[:, None] * step + generator.normal(0, motion.shake_px, (frames, 2))
    cosine, sine = np.cos(turn * number), np.sin(turn * number)
    axes = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
    return np.exp(zoom * number)[:, None, None] * axes, places


def _seen(photo: Pixels, middle: Floats, matrix: Floats, size_px: int) -> Pixels:
    half = (size_px - 1) / 2
    offset = middle - matrix @ np.array([half, half])
    affine = np.concatenate([matrix, offset[:, None]], 1)
    # The matrix leads from the frame to the photo.
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(
        photo, affine, (size_px, size_px), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)
