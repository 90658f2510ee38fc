"""A photo of any size in tiles, exactly as on the whole photo, whatever computes the network."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from wespe.networks.inference.enlarged import by_area, end_scale
from wespe.networks.inference.parts import Parts, Planes, expect_size
from wespe.networks.inference.tile_spans import Span, Tile, spans
from wespe.networks.scene import grid_of, shows_scene
from wespe.photos.images import AnyPixels

WHOLE_PX = 4_000_000
"""Of what cannot be tiled, the most that is computed at once: of 64 channels each GB is a layer."""

_BICUBIC_PX = 2
"""How far enlarging looks."""


class TooLargeError(ValueError):
    """A photo that a network without tiles has no memory for."""


class TiledEnhancer:
    """A network that is ready for photos: load once, enhance any number.

    Gives what one pass over the whole photo gives. What tiles have to know they ask `parts`. Tiles
    are as large as suits the engine, or `tile_px`. Raises ValueError for a `tile_px` that is
    nothing but halo or of a network that cannot be tiled.
    """

    def __init__(self, parts: Parts, *, tile_px: int | None = None) -> None:
        self._parts = parts
        if tile_px and parts.why_whole:
            raise ValueError(f"tile_px: {parts.why_whole}, got {tile_px}")
        self._halo_px = parts.receptive_field_px - parts.prepare_field_px
        self._tile_px = tile_px or self._usual_tile_px()
        spans(0, self._tile_px, self._halo_px, multiple=parts.size_multiple)

    @property
    def engine(self) -> str:
        """What computes the convolutions, and in which precision."""
        return self._parts.engine

    @property
    def scale(self) -> int:
        """Output px for an input px, along each side."""
        return self._parts.scale

    @property
    def name(self) -> str:
        """The network's class."""
        return self._parts.name

    @property
    def key(self) -> str:
        """What distinguishes its results from another's: a hash of the weights, engine, tiles."""
        return f"{self._parts.weights} {self.engine} {self._tile_px}"

    @property
    def following(self) -> "TiledEnhancer | None":
        """The same network as it runs over the frames of a video, which also takes what it made of
        the frame before; None for one that sees every frame by itself."""
        parts = self._parts.following()
        return TiledEnhancer(parts) if parts else None

    @property
    def weights(self) -> str:
        """Hex SHA-256 of the weights, the same on any engine."""
        return self._parts.weights

    def held_scale(self, scale: float | None) -> int:
        """The factor of what `enhance` has in memory as a whole, for a result of factor `scale`.

        Where a pixel of it is a block of the network's pixels, tiles are reduced one by one.
        """
        wanted = end_scale(self.scale, scale)
        return int(wanted) if self.scale % wanted == 0 else self.scale

    def enhance(
        self,
        pixels: AnyPixels,
        *,
        strength: float = 1.0,
        scale: float | None = None,
        dtype: np.dtype[Any] | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> AnyPixels:
        """Enhance a photo, `(H, W, 3)` → `(scale · H, scale · W, 3)`, the same type, any H and W.

        uint8, uint16, or float32 in [0, 1]; the result is of `dtype` where that is given.
        `strength` in [0, 1] blends with the photo, enlarged by torch's bicubic where the network
        enlarges. `scale`, from 1 to the network's own (default): what the network makes is reduced,
        each pixel to the mean of what it covers. `advance` is told of the photo's pixels as they
        are done. Raises ValueError for a `strength` or `scale` out of range, and TooLargeError, a
        ValueError, for a photo that is too large for a network without tiles.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, got {strength}")
        wanted, held = end_scale(self.scale, scale), self.held_scale(scale)
        parts, (height, width, _) = self._parts, pixels.shape
        source, dtype = self._mirrored(pixels), np.dtype(dtype or pixels.dtype)
        tiles = self._tiles(source)
        enhanced = np.empty((held * len(source), held * source.shape[1], 3), dtype)
        with parts.running():
            scene = self._scene(pixels)
            convolved = parts.convolved(tiles, functools.partial(self._prepared, source))
            for tile, (prepared, result) in zip(tiles, convolved, strict=True):
                output = parts.finish(prepared, result, scene)
                expect_size(self.name, output, prepared, self.scale)
                rows, columns = (span.times(self.scale).valid for span in tile)
                given = output[..., rows, columns]
                if strength < 1:
                    given = parts.blended(self._original(source, tile), given, strength)
                rows, columns = (span.times(held).given for span in tile)
                given = parts.reduced(given, self.scale // held)
                enhanced[rows, columns] = parts.levels(given, dtype)
                advance(_within(tile[0], height) * _within(tile[1], width))
        whole = np.ascontiguousarray(enhanced[: held * height, : held * width])
        return whole if wanted == held else by_area(whole, pixels, wanted)

    def _scene(self, pixels: AnyPixels) -> Planes:
        """What the network decides for the photo as a whole, `(1, len(neutral))`."""
        if not (self._parts.neutral and shows_scene(*pixels.shape[:2])):
            return self._parts.scene(None)
        return self._parts.scene(self._parts.planes(grid_of(pixels)))

    def _usual_tile_px(self) -> int:
        """As large as suits the engine and fits into memory, and not nearly all halo."""
        least = 3 * self._halo_px + 3 * self._parts.size_multiple
        return max(self._parts.tile_px // self.scale, least)

    def _mirrored(self, pixels: AnyPixels) -> AnyPixels:
        """The photo up to the network's size multiple, as `Enhancer.forward` has it."""
        more = [(0, -side % self._parts.size_multiple) for side in pixels.shape[:2]]
        return np.pad(pixels, [*more, (0, 0)], "symmetric") if any(map(any, more)) else pixels

    def _tiles(self, pixels: AnyPixels) -> list[Tile]:
        sides = pixels.shape[:2]
        if self._parts.why_whole:
            if sides[0] * sides[1] * self.scale**2 > WHOLE_PX:
                raise TooLargeError(
                    f"{self._parts.why_whole}: expected a result of at most {WHOLE_PX / 1e6:g} "
                    f"megapixels, got {sides[0] * sides[1] * self.scale**2 / 1e6:.1f}"
                )
            return [(Span(0, sides[0], 0, sides[0]), Span(0, sides[1], 0, sides[1]))]
        multiple = self._parts.size_multiple
        rows, columns = (
            spans(side, self._tile_px, self._halo_px, multiple=multiple) for side in sides
        )
        return [*itertools.product(rows, columns)]

    def _original(self, pixels: AnyPixels, tile: Tile) -> Planes:
        """The part of the photo that a tile gives, as large as the network's result."""
        if self.scale == 1:
            return self._parts.planes(pixels[tile[0].given, tile[1].given, :3])
        (rows, top), (columns, left) = (
            _around(span, side, _BICUBIC_PX)
            for span, side in zip(tile, pixels.shape[:2], strict=True)
        )
        large = self._parts.enlarged(self._parts.planes(pixels[rows, columns, :3]))
        height, width = (self.scale * (span.valid_stop - span.valid_start) for span in tile)
        first_row, first_column = self.scale * top, self.scale * left
        return large[..., first_row : first_row + height, first_column : first_column + width]

    def _prepared(self, pixels: AnyPixels, tile: Tile) -> Planes:
        """What the network's `prepare` makes of a tile; it looks beyond the tile."""
        reach = self._parts.prepare_field_px
        (top, bottom, *_), (left, right, *_) = tile
        first_row, first_column = max(0, top - reach), max(0, left - reach)
        # Slices end at the photo's border by themselves.
        around = pixels[first_row : bottom + reach, first_column : right + reach]
        prepared = self._parts.prepare(self._parts.planes(around))
        return prepared[
            ..., top - first_row : bottom - first_row, left - first_column : right - first_column
        ]


def _within(span: Span, length_px: int) -> int:
    """How much of what a tile gives is of the photo, and not mirrored beyond its border."""
    return min(span.valid_stop, length_px) - span.valid_start


def _around(span: Span, length_px: int, reach_px: int) -> tuple[slice, int]:
    """What a tile gives and the px around it; and where in it that begins."""
    start = max(0, span.valid_start - reach_px)
    return slice(start, min(length_px, span.valid_stop + reach_px)), span.valid_start - start
