"""Where tiles lie along the side of a photo."""

import itertools
import math
from typing import NamedTuple


class Span(NamedTuple):
    """A tile along one side of a photo, in px: what it reads, and the part of it that it gives."""

    start: int
    stop: int
    valid_start: int
    valid_stop: int

    @property
    def valid(self) -> slice:
        """The part that it gives, counted from the tile's own start."""
        return slice(self.valid_start - self.start, self.valid_stop - self.start)


Tile = tuple[Span, Span]
"""Rows and columns."""


def spans(length_px: int, tile_px: int, halo_px: int) -> list[Span]:
    """Cut a side into the fewest tiles of at most `tile_px`, all of one size.

    Neighbours overlap by two halos. What a tile gives leaves out its halos, except at the photo's
    own borders, where the network pads as it does on the whole photo. One size, so that memory and
    compiled kernels are used again. Raises ValueError for a `tile_px` that is nothing but halo.
    """
    inner = tile_px - 2 * halo_px
    if inner < 1:
        raise ValueError(f"tile_px must be more than {2 * halo_px} for this network, got {tile_px}")
    count = max(1, math.ceil((length_px - 2 * halo_px) / inner))
    size = math.ceil((length_px + (count - 1) * 2 * halo_px) / count)
    # Rounding up can push the last tile over the border: it moves back inside.
    starts = [min(i * (size - 2 * halo_px), length_px - size) for i in range(count)]
    cuts = [0, *(start + size - halo_px for start in starts[:-1]), length_px]
    return [
        Span(start, start + size, *given)
        for start, given in zip(starts, itertools.pairwise(cuts), strict=True)
    ]
