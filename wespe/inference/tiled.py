"""A network on a photo of any size: in tiles, exactly as on the whole photo."""

import copy
import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from wespe.images import Pixels, to_pixels, to_tensor
from wespe.inference.fold import fix_instance_norm, fold_batch_norm
from wespe.models.enhancer import Enhancer
from wespe.models.generator import Generator

TILE_PX = 512
"""Large enough that halos cost little (15 % of the work), small enough for 1 GB in all."""


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


@torch.inference_mode()
def enhance_pixels(
    generator: Enhancer,
    pixels: Pixels,
    *,
    tile_px: int = TILE_PX,
    strength: float = 1.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Pixels:
    """Enhance a photo, uint8 `(H, W, 3)` → uint8 `(H, W, 3)`, any H and W.

    Gives what one pass of `generator.eval()` over the whole photo gives, whatever its norm; with
    instance norm at more than four times the cost, to gather the statistics first. `strength` in
    [0, 1] blends with the photo. `dtype`, float32 or bfloat16, is the precision of the
    convolutions; the sum of photo and residual, tanh and the blend stay in float32. Raises
    ValueError for a `strength` or `tile_px` out of range.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 to 1, got {strength}")
    halo_px = generator.receptive_field_px
    height, width, _ = pixels.shape
    tiles = [*itertools.product(spans(height, tile_px, halo_px), spans(width, tile_px, halo_px))]

    def window(rows: Span, columns: Span) -> Tensor:
        cut = to_tensor(pixels[rows.start : rows.stop, columns.start : columns.stop])
        return cut.to(device, memory_format=torch.channels_last)

    def valid_output(layers: nn.Module, rows: Span, columns: Span) -> Tensor:
        bf16 = dtype == torch.bfloat16
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bf16):
            output: Tensor = layers(window(rows, columns))
        return output[..., rows.valid, columns.valid]

    network = copy.deepcopy(generator).to(device)
    if isinstance(network, Generator) and network.config["norm"] == "instance":
        network = fix_instance_norm(
            network, lambda layers: (valid_output(layers, *tile) for tile in tiles)
        )
    network = fold_batch_norm(network)

    enhanced = np.empty_like(pixels)
    for rows, columns in tiles:
        original = window(rows, columns)[..., rows.valid, columns.valid]
        output = valid_output(network, rows, columns).clamp(0, 1)
        given = enhanced[
            rows.valid_start : rows.valid_stop, columns.valid_start : columns.valid_stop
        ]
        given[:] = to_pixels(torch.lerp(original, output, strength))[0]
    return enhanced
