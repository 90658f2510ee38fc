"""A network on a photo of any size: in tiles, exactly as on the whole photo."""

import contextlib
import copy
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.inference.backends import Backend, Layers, TorchBackend
from wespe.networks.inference.contract import check_contract, expect_size
from wespe.networks.inference.fold import optimised, split_narrow
from wespe.networks.inference.instance_norm import TILE_PX, InstanceNormed
from wespe.networks.inference.spans import Span, Tile, spans
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.layers import Context, obstacles
from wespe.networks.scene import grid_places, shows_scene
from wespe.photos.images import AnyPixels
from wespe.photos.tensors import from_levels, to_levels

WHOLE_PX = 4_000_000
"""Of what cannot be tiled, the most that is computed at once: of 64 channels each GB is a layer."""

_BICUBIC_PX = 2
"""How far enlarging looks."""


class TooLargeError(ValueError):
    """A photo that a network without tiles has no memory for."""


class PhotoEnhancer:
    """A network that is ready for photos, whatever computes it: load once, enhance any number.

    Gives what one pass of `network.eval()` over the whole photo gives, whatever its norm. What
    tiles have to know they ask the network, see `Enhancer`. Of its three parts `backend` runs
    `convolve`, in its precision; the other two, norms of the photo's own statistics and the blend
    are torch's. Tiles are as large as suits the backend, or `tile_px`. `kept` makes room for what
    spares work with such norms. Raises ValueError for a `tile_px` that is nothing but halo or of a
    network that cannot be tiled, and for a network that is not what it says, see `check_contract`.
    """

    def __init__(
        self,
        network: Enhancer,
        backend: Backend | None = None,
        *,
        tile_px: int | None = None,
        kept: Callable[[], TileStates] | None = None,
    ) -> None:
        self.backend = backend or TorchBackend()
        self._context = network.context
        self._network = copy.deepcopy(network).eval().to(self.backend.device)
        check_contract(self._network, self.backend.device)
        if tile_px and self._context is Context.WHOLE:
            raise ValueError(f"tile_px: {self._why_whole()}, got {tile_px}")
        self._halo_px = network.receptive_field_px - network.prepare_field_px
        self._tile_px = tile_px or self._usual_tile_px()
        spans(0, self._tile_px, self._halo_px, multiple=network.size_multiple)
        # A GPU computes again in less time than a file takes.
        self._kept = kept or functools.partial(TileStates, file=self.backend.device.type == "cpu")
        self._normed: InstanceNormed | None = None
        layers = optimised(Convolutions(self._network))
        if self._context is Context.STATISTICS:
            self._normed = InstanceNormed(layers, self._compiled)
        else:
            self._layers = self._compiled(layers)

    @property
    def engine(self) -> str:
        """What computes the convolutions, and in which precision."""
        return self.backend.name

    @property
    def scale(self) -> int:
        """Output px for an input px, along each side."""
        return self._network.scale

    @property
    def name(self) -> str:
        """The network's class."""
        return type(self._network).__name__

    @property
    def key(self) -> str:
        """What distinguishes its results from another's: a hash of the weights, engine, tiles."""
        digest = hashlib.sha256()
        for name, value in sorted(self._network.state_dict().items()):
            digest.update(f"{name} {tuple(value.shape)} ".encode())
            digest.update(value.cpu().double().numpy().tobytes())
        return f"{digest.hexdigest()} {self.engine} {self._tile_px}"

    def require_same_size(self, purpose: str) -> None:
        """Raise ValueError for a network that changes a photo's size, which `purpose` cannot do."""
        if self.scale != 1:
            raise ValueError(
                f"{purpose}: expected a network that keeps a photo's size, got {self.name}, whose "
                f"photos are {self.scale} times as wide and high"
            )

    @torch.inference_mode()
    def enhance(
        self,
        pixels: AnyPixels,
        *,
        strength: float = 1.0,
        advance: Callable[[int], None] = lambda _: None,
    ) -> AnyPixels:
        """Enhance a photo, `(H, W, 3)` → `(scale · H, scale · W, 3)`, the same type, any H and W.

        uint8, uint16, or float32 in [0, 1]. `strength` in [0, 1] blends with the photo, enlarged by
        torch's bicubic where the network enlarges. `advance` is told of the photo's pixels as they
        are done. Raises ValueError for a `strength` out of range, and TooLargeError, a ValueError,
        for a photo that is too large for a network without tiles.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, got {strength}")
        height, width, _ = pixels.shape
        source, scale = self._mirrored(pixels), self.scale
        tiles, scene = self._tiles(source), self._scene(pixels)
        enhanced = np.empty((scale * len(source), scale * source.shape[1], 3), pixels.dtype)
        for tile, (prepared, convolved) in zip(tiles, self._convolved(source, tiles), strict=True):
            output = self._network.finish(prepared, convolved, scene).clamp(0, 1)
            expect_size(self.name, output, prepared, scale)
            rows, columns = (span.times(scale) for span in tile)
            given = output[..., rows.valid, columns.valid]
            if strength < 1:
                given = torch.lerp(self._original(source, tile), given, strength)
            enhanced[rows.given, columns.given] = to_levels(given, pixels.dtype)[0]
            advance(_within(tile[0], height) * _within(tile[1], width))
        return np.ascontiguousarray(enhanced[: scale * height, : scale * width])

    def _scene(self, pixels: AnyPixels) -> Tensor:
        """What the network decides for the photo as a whole, `(1, len(neutral))`."""
        network, sides = self._network, pixels.shape[:2]
        if network.neutral and shows_scene(*sides):
            rows, columns = (grid_places(side).numpy() for side in sides)
            return network.scene(self._tensor(pixels[rows[:, None], columns]))
        return torch.tensor([network.neutral], device=self.backend.device)

    def _usual_tile_px(self) -> int:
        """As large as suits the engine and fits into memory, and not nearly all halo."""
        tile_px = self.backend.tile_px
        if self._context is Context.STATISTICS:
            tile_px = min(TILE_PX, tile_px)
        multiple = self._network.size_multiple
        return max(tile_px // self.scale, 3 * self._halo_px + 3 * multiple)

    def _why_whole(self) -> str:
        reasons = ", ".join(obstacles(Convolutions(self._network))) or "its class says so"
        return f"{self.name} needs a whole photo at once ({reasons}), so that it has no tiles"

    def _mirrored(self, pixels: AnyPixels) -> AnyPixels:
        """The photo up to the network's size multiple, as `Enhancer.forward` has it."""
        more = [(0, -side % self._network.size_multiple) for side in pixels.shape[:2]]
        return np.pad(pixels, [*more, (0, 0)], "symmetric") if any(map(any, more)) else pixels

    def _tiles(self, pixels: AnyPixels) -> list[Tile]:
        sides = pixels.shape[:2]
        if self._context is Context.WHOLE:
            if sides[0] * sides[1] * self.scale**2 > WHOLE_PX:
                raise TooLargeError(
                    f"{self._why_whole()}: expected a result of at most {WHOLE_PX / 1e6:g} "
                    f"megapixels, got {sides[0] * sides[1] * self.scale**2 / 1e6:.1f}"
                )
            return [(Span(0, sides[0], 0, sides[0]), Span(0, sides[1], 0, sides[1]))]
        multiple = self._network.size_multiple
        rows, columns = (
            spans(side, self._tile_px, self._halo_px, multiple=multiple) for side in sides
        )
        return [*itertools.product(rows, columns)]

    def _original(self, pixels: AnyPixels, tile: Tile) -> Tensor:
        """The part of the photo that a tile gives, as large as the network's result."""
        if self.scale == 1:
            return self._tensor(pixels[tile[0].given, tile[1].given])
        (rows, top), (columns, left) = (
            _around(span, side, _BICUBIC_PX)
            for span, side in zip(tile, pixels.shape[:2], strict=True)
        )
        around = self._tensor(pixels[rows, columns])
        large = F.interpolate(around, scale_factor=self.scale, mode="bicubic").clamp(0, 1)
        height, width = (self.scale * (span.valid_stop - span.valid_start) for span in tile)
        first_row, first_column = self.scale * top, self.scale * left
        return large[..., first_row : first_row + height, first_column : first_column + width]

    def _prepared(self, pixels: AnyPixels, tile: Tile) -> Tensor:
        """What the network's `prepare` makes of a tile; it looks beyond the tile."""
        reach = self._network.prepare_field_px
        (top, bottom, *_), (left, right, *_) = tile
        first_row, first_column = max(0, top - reach), max(0, left - reach)
        # Slices end at the photo's border by themselves.
        around = pixels[first_row : bottom + reach, first_column : right + reach]
        prepared = self._network.prepare(self._tensor(around))
        return prepared[
            ..., top - first_row : bottom - first_row, left - first_column : right - first_column
        ]

    def _tensor(self, pixels: AnyPixels) -> Tensor:
        # A copy, since a decoder's pixels may be read-only, which torch does not know.
        return from_levels(torch.from_numpy(pixels[None].copy()).to(self.backend.device))

    def _compiled(self, layers: nn.Module) -> Layers:
        return self.backend.compile(split_narrow(layers))

    def _convolved(
        self, pixels: AnyPixels, tiles: Sequence[Tile]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """What the network's `prepare` makes of each tile, and what `convolve` makes of that."""
        prepared = functools.partial(self._prepared, pixels)
        if self._normed:
            with contextlib.closing(self._kept()) as kept:
                convolved = self._normed.convolved(tiles, prepared, kept)
                yield from zip(map(prepared, tiles), convolved, strict=True)
        else:
            for image in map(prepared, tiles):
                yield image, self._layers(image)


def _within(span: Span, length_px: int) -> int:
    """How much of what a tile gives is of the photo, and not mirrored beyond its border."""
    return min(span.valid_stop, length_px) - span.valid_start


def _around(span: Span, length_px: int, reach_px: int) -> tuple[slice, int]:
    """What a tile gives and the px around it; and where in it that begins."""
    start = max(0, span.valid_start - reach_px)
    return slice(start, min(length_px, span.valid_stop + reach_px)), span.valid_start - start
