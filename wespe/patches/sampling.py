"""How many patches each photo gives, and at which positions."""

import bisect
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wespe.images import Pixels

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

# For each patch wanted of a photo so many positions are tried, if there are so many.
_TRIES = 8


@dataclass(frozen=True)
class Rule:
    """Which patches a photo gives; the fields are the settings of `wespe.config.Patches`."""

    size_px: int
    mode: Literal["random", "grid"]
    min_std: float
    max_clipped: float


@dataclass(frozen=True)
class Choice:
    """Patches, uint8 `(n, S, S, 3)`, their `(y, x)`, `(n, 2)`, and how many were refused."""

    patches: Pixels
    positions: Integers
    flat: int
    clipped: int


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


def choose(pixels: Pixels, wanted: int, *, rule: Rule, generator: np.random.Generator) -> Choice:
    """Up to `wanted` patches of a photo, uint8 `(H, W, 3)`, that pass the rule's filters.

    A refused position is replaced by another one, until eight have been tried for each patch
    wanted or, in a grid, there are no more. A position is tried once. A patch that is both flat and
    clipped counts as flat.
    """
    draw = draw_grid if rule.mode == "grid" else draw_random
    height, width = pixels.shape[:2]
    candidates = draw(height, width, rule.size_px, _TRIES * wanted, generator)
    flat = clipped = 0
    patches: list[Pixels] = [np.empty((0, rule.size_px, rule.size_px, 3), np.uint8)]
    positions: list[Integers] = [np.empty((0, 2), np.int64)]
    while wanted and len(candidates):
        batch, candidates = candidates[:wanted], candidates[wanted:]
        cut = crop(pixels, batch, rule.size_px)
        is_flat = grey_std(cut) < rule.min_std
        is_clipped = ~is_flat & (clipped_share(cut) > rule.max_clipped)
        passed = ~(is_flat | is_clipped)
        patches.append(cut[passed])
        positions.append(batch[passed])
        flat += int(is_flat.sum())
        clipped += int(is_clipped.sum())
        wanted -= int(passed.sum())
    return Choice(np.concatenate(patches), np.concatenate(positions), flat, clipped)


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


def crop(pixels: Pixels, positions: Integers, size_px: int) -> Pixels:
    """The patches of a photo at `positions`, `(n, 2)` with n at least 1 → `(n, S, S, 3)`."""
    return np.stack([pixels[y : y + size_px, x : x + size_px] for y, x in positions])


def grey_std(patches: Pixels) -> NDArray[np.float64]:
    """Standard deviation of the grey levels (0 to 255, ITU-R BT.601) of each patch, `(n,)`."""
    red, green, blue = (patches[..., channel].astype(np.float32) for channel in range(3))
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    std: NDArray[np.float64] = grey.std(axis=(1, 2), dtype=np.float64)
    return std


def clipped_share(patches: Pixels) -> NDArray[np.float64]:
    """Share of each patch's pixels that have a channel at 0 or 255, `(n,)`."""
    ends = (patches == 0) | (patches == 255)
    share: NDArray[np.float64] = ends.any(axis=3).mean(axis=(1, 2))
    return share
