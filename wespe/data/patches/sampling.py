"""How many patches each photo gives, and at which positions."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels
from wespe.photos.luma import LUMA

Integers = NDArray[np.int64]

# For each patch wanted of a photo so many positions are tried, if there are so many.
_TRIES = 8


@dataclass(frozen=True)
class Rule:
    """Which patches a photo gives; the fields are those of the settings `patches`."""

    size_px: int
    mode: Literal["random", "grid"]
    min_std: float
    max_clipped: float


@dataclass(frozen=True)
class Cut:
    """What one photo gave: `(y, x)` of its patches, positions refused, or why it gave none; and the
    quality of its file, if that is a JPEG."""

    positions: Sequence[Sequence[int]] = ()
    flat: int = 0
    clipped: int = 0
    unreadable: str | None = None
    jpeg_quality: int | None = None


def allocate(capacities: Integers, count: int) -> Integers:
    """Share `count` patches among photos that can give at most `capacities`, as evenly as they can.

    Every photo gives the same number, or all it has if that is less. What is left of `count` then
    goes to photos evenly spaced over the index, one each.
    """
    level = bisect.bisect_right(
        range(int(capacities.max(initial=0)) + 1),
        count,
        key=lambda level: int(np.minimum(capacities, level).sum()),
    )
    quotas = np.minimum(capacities, level - 1)
    larger = np.flatnonzero(capacities > quotas)
    rest = min(count - int(quotas.sum()), len(larger))
    quotas[larger[np.arange(rest) * len(larger) // max(rest, 1)]] += 1
    return quotas


def choose(pixels: Pixels, wanted: int, *, rule: Rule, generator: np.random.Generator) -> Cut:
    """Up to `wanted` positions in a photo, uint8 `(H, W, 3)`, whose patches pass the filters.

    A refused position is replaced by another one, until eight have been tried for each patch
    wanted or, in a grid, there are no more. A position is tried once. A patch that is both flat and
    clipped counts as flat.
    """
    draw = draw_grid if rule.mode == "grid" else draw_random
    height, width = pixels.shape[:2]
    size, flat, clipped = rule.size_px, 0, 0
    positions: list[tuple[int, int]] = []
    for y, x in draw(height, width, size, _TRIES * wanted, generator).tolist():
        if len(positions) == wanted:
            break
        # One patch at a time stays in the cache: measured twenty times as fast as all at once.
        patch = pixels[y : y + size, x : x + size]
        if grey_std(patch) < rule.min_std:
            flat += 1
        elif clipped_share(patch) > rule.max_clipped:
            clipped += 1
        else:
            positions.append((y, x))
    return Cut(positions, flat, clipped)


def from_strip(pixels: Pixels, wanted: int, *, size_px: int) -> Cut:
    """`wanted` patches of a strip of finished ones, evenly spread: the same in any strip as long.

    No filter and no chance: what is one of a pair must stay so.
    """
    count = len(pixels) // size_px
    return Cut([(number * count // wanted * size_px, 0) for number in range(wanted)])


def draw_random(
    height: int, width: int, size_px: int, count: int, generator: np.random.Generator
) -> Integers:
    """`(y, x)` of up to `count` distinct positions, each uniform over all that fit, `(n, 2)`."""
    rows, columns = height - size_px + 1, width - size_px + 1
    cells = generator.choice(rows * columns, min(count, rows * columns), replace=False)
    return np.stack(np.divmod(cells, columns), axis=1)


def draw_grid(
    height: int, width: int, size_px: int, count: int, generator: np.random.Generator
) -> Integers:
    """`(y, x)` of up to `count` cells of a grid in the middle of the photo, `(n, 2)`."""
    rows, columns = height // size_px, width // size_px
    cells = generator.permutation(rows * columns)[:count]
    margin = np.array([height % size_px // 2, width % size_px // 2])
    positions: Integers = np.stack(np.divmod(cells, columns), axis=1) * size_px + margin
    return positions


def grey_std(patch: Pixels) -> float:
    """Standard deviation of the grey levels (0 to 255, ITU-R BT.601) of `(H, W, 3)`."""
    red, green, blue = (
        weight * patch[..., channel].astype(np.float32) for channel, weight in enumerate(LUMA)
    )
    return float((red + green + blue).std())


def clipped_share(patch: Pixels) -> float:
    """Share of the pixels of `(H, W, 3)` that have a channel at 0 or 255."""
    ends = (patch == 0) | (patch == 255)
    return float((ends[..., 0] | ends[..., 1] | ends[..., 2]).mean())
