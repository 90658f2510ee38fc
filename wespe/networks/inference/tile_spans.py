"""Where tiles lie along the side of a photo, and how they overlap."""

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

    @property
    def given(self) -> slice:
        """The part that it gives, counted from the photo's border."""
        return slice(self.valid_start, self.valid_stop)

    def times(self, factor: int) -> "Span":
        """The same in a photo that is larger by this factor."""
        return Span(*(factor * px for px in self))


Tile = tuple[Span, Span]
"""Rows and columns."""


def spans(length_px: int, tile_px: int, halo_px: int, *, multiple: int = 1) -> list[Span]:
    """Cut a side into the fewest tiles of at most `tile_px`, all of one size.

    Neighbours overlap by two halos. What a tile gives leaves out its halos, except at the photo's
    own borders, where the network pads as it does on the whole photo. One size, so that memory and
    compiled kernels are used again. Tiles begin and end at multiples of `multiple`, as the side
    does. Raises ValueError for a `tile_px` that is nothing but halo.
    """
    halo = math.ceil(halo_px / multiple)
    inner = tile_px // multiple - 2 * halo
    if inner < 1:
        least = multiple * (2 * halo + 1) - 1
        raise ValueError(f"tile_px must be more than {least} for this network, got {tile_px}")
    # From here on in units of `multiple`.
    length = length_px // multiple
    count = max(1, math.ceil((length - 2 * halo) / inner))
    size = math.ceil((length + (count - 1) * 2 * halo) / count)
    # Rounding up can push the last tile over the border: it moves back inside.
    starts = [min(i * (size - 2 * halo), length - size) for i in range(count)]
    cuts = [0, *(start + size - halo for start in starts[:-1]), length]
    return [
        Span(start, start + size, *given).times(multiple)
        for start, given in zip(starts, itertools.pairwise(cuts), strict=True)
    ]
