"""The last layers of networks that enlarge: doubled once or twice, and how far they look."""

import math

from torch import nn


def doublings(scale: int) -> int:
    """How often a photo is doubled. Raises ValueError unless `scale` is a power of 2."""
    if scale < 2 or scale & (scale - 1):
        raise ValueError(f"expected a scale of 2, 4, 8 …, got {scale}")
    return scale.bit_length() - 1


def shuffled(width: int, scale: int, *after: type[nn.Module]) -> nn.Sequential:
    """For each doubling a 3×3 convolution to 4 · `width` channels, a pixel shuffle, and `after`."""
    layers: list[nn.Module] = []
    for _ in range(doublings(scale)):
        layers += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2)]
        layers += [layer() for layer in after]
    return nn.Sequential(*layers)


def reach_px(scale: int, *, last_px: int, each_px: int, before: bool) -> int:
    """How far, in input px, the last layers look.

    `last_px`: how far those behind all doublings look, in output px. Each doubling has a
    convolution that looks `each_px` far, `before` it or behind it.
    """
    reach = last_px
    for _ in range(doublings(scale)):
        reach = math.ceil(reach / 2) + each_px if before else math.ceil((reach + each_px) / 2)
    return reach
