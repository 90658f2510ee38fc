"""Enlarging by bicubic interpolation, as layers that any engine runs and tiles cut exactly."""

import torch
from torch import nn

from wespe.networks.enlarging.numbers import BICUBIC_REACH_PX, bicubic_phases


class Bicubic(nn.Sequential):
    """`(N, 3, H, W)` → `(N, 3, scale · H, scale · W)`, by Keys' kernel with a = -0.5.

    That of MATLAB's and Pillow's `bicubic`; torch's own has a = -0.75. Pixels at the border are
    repeated beyond it. The weights are constants, no part of a network's file.
    """

    def __init__(self, scale: int) -> None:
        taps = 2 * BICUBIC_REACH_PX + 1
        convolution = nn.Conv2d(3, 3 * scale**2, taps, groups=3, bias=False)
        rows = torch.from_numpy(bicubic_phases(scale))
        kernels = torch.einsum("iy,jx->ijyx", rows, rows).reshape(scale**2, 1, taps, taps)
        del convolution.weight
        convolution.register_buffer("weight", kernels.repeat(3, 1, 1, 1), persistent=False)
        super().__init__(nn.ReplicationPad2d(BICUBIC_REACH_PX), convolution, nn.PixelShuffle(scale))
