"""A network on a photo of any size: in tiles, exactly as on the whole photo."""

import contextlib
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.inference.backends import Backend, Layers, TorchBackend
from wespe.networks.inference.fold import fold_batch_norm, split_narrow
from wespe.networks.inference.instance_norm import TILE_PX, InstanceNormed
from wespe.networks.inference.spans import Tile, spans
from wespe.networks.inference.tile_states import TileStates
from wespe.photos.images import AnyPixels, Pixels
from wespe.photos.tensors import from_levels, to_levels


class PhotoEnhancer:
    """A network that is ready for photos, whatever computes it: load once, enhance any number.

    Gives what one pass of `network.eval()` over the whole photo gives, whatever its norm. Of the
    three parts of a network `backend` runs `convolve`, in its precision; the other two, instance
    norms and the blend are torch's. Tiles are as large as suits the backend, or `tile_px`. `kept`
    makes room for what spares work with instance norm. Raises ValueError for a `tile_px` that is
    nothing but halo.
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
        depends = depends_on_photo(network)
        if not tile_px:
            tile_px = min(TILE_PX, self.backend.tile_px) if depends else self.backend.tile_px
        self._network = fold_batch_norm(network).to(self.backend.device)
        self._tile_px = tile_px
        # A GPU computes again in less time than a file takes.
        self._kept = kept or functools.partial(TileStates, file=self.backend.device.type == "cpu")
        self._halo_px = network.receptive_field_px - network.prepare_field_px
        spans(1, tile_px, self._halo_px)
        self._normed: InstanceNormed | None = None
        if depends:
            assert isinstance(self._network, Generator)
            self._normed = InstanceNormed(self._network, self._compiled)
        else:
            self._layers = self._compiled(Convolutions(self._network))

    @property
    def engine(self) -> str:
        """What computes the convolutions, and in which precision."""
        return self.backend.name

    @property
    def key(self) -> str:
        """What tells its results from those of another: a hash of the weights, engine, tiles."""
        digest = hashlib.sha256()
        for name, value in sorted(self._network.state_dict().items()):
            digest.update(f"{name} {tuple(value.shape)} ".encode())
            digest.update(value.cpu().double().numpy().tobytes())
        return f"{digest.hexdigest()} {self.engine} {self._tile_px}"

    @torch.inference_mode()
    def enhance(
        self,
        pixels: AnyPixels,
        *,
        strength: float = 1.0,
        advance: Callable[[int], None] = lambda _: None,
    ) -> AnyPixels:
        """Enhance a photo, `(H, W, 3)` → the same shape and type, any H and W.

        uint8, uint16, or float32 in [0, 1]. `strength` in [0, 1] blends with the photo. `advance`
        is told of pixels as they are done. Raises ValueError for a `strength` out of range.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, got {strength}")
        enhanced = np.empty_like(pixels)
        tiles = self._tiles(pixels)
        parts = self._convolved(pixels, tiles)
        for (rows, columns), (prepared, convolved) in zip(tiles, parts, strict=True):
            output = self._network.finish(prepared, convolved).clamp(0, 1)
            given = slice(rows.valid_start, rows.valid_stop), slice(*columns[2:])
            original = self._tensor(pixels[given])
            blend = torch.lerp(original, output[..., rows.valid, columns.valid], strength)
            enhanced[given] = to_levels(blend, pixels.dtype)[0]
            advance(enhanced[given][..., 0].size)
        return enhanced

    def _tiles(self, pixels: AnyPixels) -> list[Tile]:
        height, width, _ = pixels.shape
        rows, columns = (spans(side, self._tile_px, self._halo_px) for side in (height, width))
        return [*itertools.product(rows, columns)]

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
        return self.backend.compile(split_narrow(fold_batch_norm(layers)))

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


def depends_on_photo(network: Enhancer) -> bool:
    """Whether statistics of the whole photo, those of instance norm, are part of the network."""
    return isinstance(network, Generator) and network.config["norm"] == "instance"


class Convolutions(nn.Module):
    """The part of a network that a backend runs."""

    def __init__(self, network: Enhancer) -> None:
        super().__init__()
        self.network = network

    def forward(self, prepared: Tensor) -> Tensor:
        return self.network.convolve(prepared)


def enhance_pixels(
    network: Enhancer,
    pixels: Pixels,
    *,
    tile_px: int | None = None,
    strength: float = 1.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Pixels:
    """One photo, uint8 `(H, W, 3)`, by torch; `PhotoEnhancer` is the way for several.

    `dtype`, float32 or bfloat16, is the precision of the convolutions.
    """
    backend = TorchBackend(device, bf16=dtype == torch.bfloat16)
    enhancer = PhotoEnhancer(network, backend, tile_px=tile_px)
    enhanced: Pixels = enhancer.enhance(pixels, strength=strength)
    return enhanced
