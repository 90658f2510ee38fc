"""What a network sees of a photo as a whole: a grid of single pixels.

A grid is the same whatever computes it, and costs nothing for a photo of any size. Its 65,536
pixels tell a photo's mean to a few tenths of a level.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID_PX = 256
"""Rows and columns of the grid."""
SMALLEST_PX = 128
"""A photo with a shorter side is taken for a part of one, whose scene is not known."""


def grid_places(side: int) -> NDArray[np.int64]:
    """Which of `side` pixels are in the grid: those in the middle of `GRID_PX` equal parts."""
    return (2 * np.arange(GRID_PX, dtype=np.int64) + 1) * side // (2 * GRID_PX)


def grid_of(photo: NDArray[Any]) -> NDArray[Any]:
    """The grid of a photo `(H, W, C)`, `(GRID_PX, GRID_PX, C)`, for any H and W."""
    rows, columns = map(grid_places, photo.shape[:2])
    return photo[rows[:, None], columns]


def shows_scene(height: int, width: int) -> bool:
    """Whether a photo of this size is taken for a whole one."""
    return min(height, width) >= SMALLEST_PX
