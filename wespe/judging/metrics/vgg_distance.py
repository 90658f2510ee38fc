"""How far two photos are from each other for a network that has learned to tell things apart.

The distance that LPIPS is built on (Zhang et al., "The unreasonable effectiveness of deep features
as a perceptual metric", CVPR 2018, eq. 1) with all channels counting alike. It is not LPIPS: that
weighs the channels as people's judgements taught it, and has another network.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wespe.networks.perceptual import IMAGENET_MEAN, IMAGENET_STD, vgg19
from wespe.photos.images import Pixels

_LAST = "relu5_4"
LEAST_PX = 16
"""Sides that photos have to have: the last of the four poolings leaves one."""

_NOTHING = 1e-10  # as in the authors' code, where no channel says anything
# The first three stages, then the last two on what comes out of them: in one go, tiles would need
# wide margins, which are computed several times. Widths are multiples of what the stages pool.
_GROUPS = ((3, 384, 32), (2, 128, 16))  # stages, width of a tile and of its margin at their input


def vgg_distance(photo: Pixels, reference: Pixels, *, weights: Path | None = None) -> float:
    """Distance of VGG-19's features of one photo and its reference, both uint8 `(H, W, 3)`; ≥ 0.

    At `relu1_2`, `relu2_2`, `relu3_4`, `relu4_4` and `relu5_4`: the channels of each place become a
    vector of length 1; of the squared distance of both vectors the mean over all places, in [0, 2];
    the sum over the five layers. 0 for equal pixels; NaN with a side below 16 px. `weights` as in
    `wespe.networks.perceptual.build_extractor`, which says what it raises. In tiles, so that about
    700 MB are enough for 12 megapixels, with the value of the whole photo up to rounding.
    """
    if min(photo.shape[:2]) < LEAST_PX:
        return math.nan
    stages, total = load_network(weights), 0.0
    maps = torch.from_numpy(np.stack([photo, reference])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        for count, tile_px, margin_px in _GROUPS:
            last = count == len(stages)
            distance, maps = _in_tiles(stages[:count], maps, tile_px, margin_px, pooled=not last)
            stages, total = stages[count:], total + distance
    return total


class _Normalised(nn.Module):
    """Levels, uint8 `(N, 3, H, W)`, as the first convolution expects them."""

    def forward(self, levels: Tensor) -> Tensor:
        mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
        return (levels.float() / 255 - mean) / std


@lru_cache(maxsize=1)
def load_network(weights: Path | None) -> tuple[nn.Sequential, ...]:
    """VGG-19 in five stages: the convolutions, each with its ReLU, between two poolings.

    The first takes levels. Raises ValueError as `build_extractor` does.
    """
    with torch.random.fork_rng(devices=[]):  # torch draws weights that are then replaced
        layers = vgg19(_LAST, weights).eval().requires_grad_(False)
    stages = [nn.Sequential(_Normalised())]
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d):
            stages.append(nn.Sequential())
            continue
        if isinstance(layer, nn.ReLU):
            layer.inplace = True  # a third of the memory
        stages[-1].append(layer)
    return tuple(stages)


def _in_tiles(
    stages: Sequence[nn.Sequential], maps: Tensor, tile_px: int, margin_px: int, *, pooled: bool
) -> tuple[float, Tensor]:
    """The sum over `stages` of the distances of two maps, `(2, C, H, W)`, and what comes out of
    them, pooled; the maps themselves unless it is asked for."""
    height, width = maps.shape[-2:]
    sums = [0.0] * len(stages)
    out: Tensor | None = None
    for top in range(0, height, tile_px):
        for left in range(0, width, tile_px):
            above, beside = min(margin_px, top), min(margin_px, left)
            below, behind = top + tile_px + margin_px, left + tile_px + margin_px
            tile = maps[..., top - above : below, left - beside : behind]
            for number, stage in enumerate(stages):
                tile = stage(tile)
                inner = _square(tile, above >> number, beside >> number, tile_px >> number)
                sums[number] += _squared_distances(inner)
                if pooled or number < len(stages) - 1:
                    tile = nn.functional.max_pool2d(tile, 2)
            if pooled:
                count = len(stages)
                if out is None:
                    out = tile.new_empty(*tile.shape[:2], height >> count, width >> count)
                _square(out, top >> count, left >> count, tile_px >> count)[:] = _square(
                    tile, above >> count, beside >> count, tile_px >> count
                )
    places = [(height >> number) * (width >> number) for number in range(len(stages))]
    distance = sum(each / count for each, count in zip(sums, places, strict=True))
    return distance, maps if out is None else out


def _square(maps: Tensor, top: int, left: int, size: int) -> Tensor:
    return maps[..., top : top + size, left : left + size]


def _squared_distances(maps: Tensor) -> float:
    """The sum over all places of the squared distance of two unit vectors; `(2, C, h, w)`."""
    one, other = (each / (each.norm(dim=0, keepdim=True) + _NOTHING) for each in maps)
    return float((one - other).square().sum(0).double().sum())
