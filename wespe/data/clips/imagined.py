"""What an imagined camera sees that moves over a photo."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.data.clips.settings import Motion
from wespe.photos.images import Pixels

Floats = NDArray[np.float64]

_OVAL_SHARES = 0.08, 0.25
"""Of the half axes of an oval, from least to most, of the clip's side."""
_PARTS = 12
"""Along a clip's side, how many parts of an oval's content move against each other."""


def imagined(
    photo: Pixels,
    *,
    size_px: int,
    frames: int,
    motion: Motion,
    generator: np.random.Generator,
) -> Pixels | None:
    """Frames `(frames, size_px, size_px, 3)` of a photo, uint8 `(H, W, 3)`, seen on one path.

    Before it pass ovals of the same photo, `motion.objects`, each on a path of its own. Cubic
    interpolation between the photo's pixels. None where the photo has no room for a path.
    """
    made: Pixels | None = None
    for _ in range(motion.objects + 1):
        turned, places = _path(frames, motion, generator)
        start = _start(photo, turned, places, size_px, generator)
        if start is None:
            return None
        # What lies behind is stiff.
        deformed = None if made is None else _deformed(size_px, motion, generator)
        seen = np.stack(
            [
                _seen(photo, start + place, matrix, size_px, deformed, number)
                for number, (place, matrix) in enumerate(zip(places, turned, strict=True))
            ]
        )
        if made is None:
            made = seen
        else:
            oval = _oval(turned, places, size_px, generator)[..., None]
            made = np.asarray((made * (1 - oval) + seen * oval).round(), np.uint8)
    return made


def _path(frames: int, motion: Motion, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """How the axes of each frame lie in the photo, `(frames, 2, 2)`; its middle, `(frames, 2)`."""
    moves = generator.uniform() >= motion.still
    speed, zoom, turn, shake = (moves * generator.uniform((0, -1, -1, 0), 1)) * (
        motion.shift_px,
        motion.zoom,
        math.radians(motion.turn_degrees),
        motion.shake_px,
    )
    direction = generator.uniform(0, 2 * math.pi)
    step = speed * np.array([math.cos(direction), math.sin(direction)])
    number = np.arange(frames)
    places = number[:, None] * step + generator.normal(0, shake, (frames, 2))
    cosine, sine = np.cos(turn * number), np.sin(turn * number)
    axes = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
    return np.exp(zoom * number)[:, None, None] * axes, places


def _start(
    photo: Pixels, turned: Floats, places: Floats, size_px: int, generator: np.random.Generator
) -> Floats | None:
    """Where in the photo a path begins, x and y; None where there is no room for it."""
    half = (size_px - 1) / 2
    corners = np.array([(x, y) for x in (-half, half) for y in (-half, half)])
    reached = places[:, None] + corners @ turned.transpose(0, 2, 1)
    low, high = reached.min((0, 1)), reached.max((0, 1))
    # One px more on each side, for the interpolation.
    room = np.array(photo.shape[1::-1]) - 1 - (high - low) - 2
    if (room < 0).any():
        return None
    start: Floats = 1 - low + generator.uniform(size=2) * room
    return start


def _deformed(size_px: int, motion: Motion, generator: np.random.Generator) -> NDArray[np.float32]:
    """How far each place moves from frame to frame by itself, x and y, `(size_px, size_px, 2)`."""
    strength = generator.uniform() * motion.deform_px
    corners = generator.normal(0, strength, (_PARTS, _PARTS, 2)).astype(np.float32)
    smooth = cv2.resize(corners, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.float32)


def _seen(
    photo: Pixels,
    middle: Floats,
    matrix: Floats,
    size_px: int,
    deformed: NDArray[np.float32] | None,
    number: int,
) -> Pixels:
    """Frame `number` of a path, whose places are `deformed` by so much a frame."""
    half = (size_px - 1) / 2
    offset = middle - matrix @ np.array([half, half])
    # The matrix leads from the frame to the photo.
    affine = np.concatenate([matrix, offset[:, None]], 1)
    border = cv2.BORDER_REPLICATE
    if deformed is None:
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(photo, affine, (size_px, size_px), flags=flags, borderMode=border)
    else:
        rows, columns = np.indices((size_px, size_px), np.float32)
        places = np.stack([columns, rows], -1) + number * deformed
        there = cv2.transform(places, affine.astype(np.float32))
        x, y = (np.ascontiguousarray(there[..., side]) for side in (0, 1))
        seen = cv2.remap(photo, x, y, cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(seen, np.uint8)


def _oval(
    turned: Floats, places: Floats, size_px: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """How far each pixel shows an oval of the photo, 0 to 1, `(frames, size_px, size_px)`.

    The oval lies still in the photo, so that it moves as the photo does. Its edge is a px wide.
    """
    half = (size_px - 1) / 2
    least, most = (share * size_px for share in _OVAL_SHARES)
    axes = generator.uniform(least, most, 2)
    # In view halfway through the clip.
    middle = places[len(places) // 2] + generator.uniform(-half, half, 2)
    columns = np.arange(size_px, dtype=np.float32) - np.float32(half)
    # In half axes, along both of the photo's: a sum of what columns and rows give.
    begins = ((places - middle) / axes).astype(np.float32)[:, :, None, None]
    across, down = (
        (turned[:, :, side] / axes).astype(np.float32)[:, :, None, None] for side in (0, 1)
    )
    x, y = (begins + across * columns + down * columns[:, None]).transpose(1, 0, 2, 3)
    share = (1 - np.sqrt(x * x + y * y)) * np.float32(axes.min()) + np.float32(0.5)
    return np.asarray(share.clip(0, 1), np.float32)
