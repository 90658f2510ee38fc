"""Enlarging by bicubic interpolation, as layers that any engine runs and tiles cut exactly."""

import math

import torch
from torch import Tensor, nn

REACH_PX = 2
"""How far, in input px, an output pixel looks."""


class Bicubic(nn.Sequential):
    """`(N, 3, H, W)` → `(N, 3, scale · H, scale · W)`, by Keys' kernel with a = -0.5.

    That of MATLAB's and Pillow's `bicubic`; torch's own has a = -0.75. Pixels at the border are
    repeated beyond it. The weights are constants, no part of a network's file.
    """

    def __init__(self, scale: int) -> None:
        taps = 2 * REACH_PX + 1
        convolution = nn.Conv2d(3, 3 * scale**2, taps, groups=3, bias=False)
        rows = _phases(scale)
        kernels = torch.einsum("iy,jx->ijyx", rows, rows).reshape(scale**2, 1, taps, taps)
        del convolution.weight
        convolution.register_buffer("weight", kernels.repeat(3, 1, 1, 1), persistent=False)
        super().__init__(nn.ReplicationPad2d(REACH_PX), convolution, nn.PixelShuffle(scale))


def reach_px(large_px: int, scale: int) -> int:
    """How far, in input px, an output pixel looks that sees `large_px` of what is enlarged."""
    return math.ceil((large_px - 0.5) / scale + 0.5) + 1


def _phases(scale: int) -> Tensor:
    """The weights of the input pixels around each of the `scale` places in one, `(scale, 5)`."""
    places = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    offsets = torch.arange(-REACH_PX, REACH_PX + 1)
    weights = keys(places[:, None] - offsets)
    return (weights / weights.sum(1, keepdim=True)).float()


def keys(distance: Tensor) -> Tensor:
    """Keys' cubic kernel at distances in px. Source: Keys 1981, a = -0.5."""
    x = distance.abs()
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))
