"""A network on a photo of any size: in tiles, exactly as on the whole photo."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from wespe.images import AnyPixels, Pixels, from_levels, to_levels
from wespe.inference.backends import Backend, Layers, TorchBackend
from wespe.inference.fold import fix_instance_norm, fold_batch_norm
from wespe.inference.spans import Span, spans
from wespe.models.enhancer import Enhancer
from wespe.models.generator import Generator

TILE_PX = 512
"""Large enough that halos cost little (15 % of the work), small enough for 1 GB in all."""

Tile = tuple[Span, Span]


class PhotoEnhancer:
    """A network that is ready for photos, whatever computes it: load once, enhance any number.

    Gives what one pass of `network.eval()` over the whole photo gives, whatever its norm; with
    instance norm at more than four times the cost, to gather the statistics first. Of the three
    parts of a network `backend` runs `convolve`, in its precision; the other two, and the blend,
    are torch's, in float32. Raises ValueError for a `tile_px` that is nothing but halo.
    """

    def __init__(
        self, network: Enhancer, backend: Backend | None = None, *, tile_px: int = TILE_PX
    ) -> None:
        self.backend = backend or TorchBackend()
        self._network = fold_batch_norm(network).to(self.backend.device)
        self._tile_px = tile_px
        self._halo_px = network.receptive_field_px - network.prepare_field_px
        spans(1, tile_px, self._halo_px)
        # Instance norm makes each photo its own network.
        self._depends = isinstance(network, Generator) and network.config["norm"] == "instance"
        self._layers = None if self._depends else self._compiled(Convolutions(self._network))

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
        layers = self._layers or self._for_photo(pixels)
        enhanced = np.empty_like(pixels)
        for tile in self._tiles(pixels):
            rows, columns = tile
            prepared = self._prepared(pixels, tile)
            output = self._network.finish(prepared, layers(prepared)).clamp(0, 1)
            given = slice(rows.valid_start, rows.valid_stop), slice(*columns[2:])
            original = self._tensor(pixels[given])
            blend = torch.lerp(original, output[..., rows.valid, columns.valid], strength)
            enhanced[given] = to_levels(blend, pixels.dtype)[0]
            advance(enhanced[given][..., 0].size)
        return enhanced

    def _tiles(self, pixels: AnyPixels) -> Iterator[Tile]:
        height, width, _ = pixels.shape
        sides = (spans(side, self._tile_px, self._halo_px) for side in (height, width))
        return itertools.product(*sides)

    def _prepared(self, pixels: AnyPixels, tile: Tile) -> Tensor:
        """What the network's `prepare` makes of a tile; it looks beyond the tile."""
        wide = [
            (max(0, span.start - self._network.prepare_field_px), span) for span in tile
        ]  # Slices end at the photo's border by themselves.
        around = tuple(
            slice(start, span.stop + self._network.prepare_field_px) for start, span in wide
        )
        inside = tuple(slice(span.start - start, span.stop - start) for start, span in wide)
        return self._network.prepare(self._tensor(pixels[around]))[(..., *inside)]

    def _tensor(self, pixels: AnyPixels) -> Tensor:
        return from_levels(torch.from_numpy(pixels[None]).to(self.backend.device))

    def _compiled(self, layers: nn.Module) -> Layers:
        return self.backend.compile(fold_batch_norm(layers))

    def _for_photo(self, pixels: AnyPixels) -> Layers:
        """The convolutions with the norms that this photo's statistics make."""

        def streamed(layers: nn.Module) -> Iterator[Tensor]:
            run = self._compiled(layers)
            for rows, columns in self._tiles(pixels):
                piece = run(self._prepared(pixels, (rows, columns)))
                yield piece[..., rows.valid, columns.valid]

        assert isinstance(self._network, Generator)
        return self._compiled(Convolutions(fix_instance_norm(self._network, streamed)))


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
    tile_px: int = TILE_PX,
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
