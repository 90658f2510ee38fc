"""What networks that enlarge are made of, with torch and without: constants, how far they look,
and bicubic itself.

Imports no torch.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

BICUBIC_REACH_PX = 2
"""How far, in input px, an output pixel of bicubic interpolation looks."""
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""Of the photos of DIV2K, which EDSR subtracts."""
RRDB_SLOPE = 0.2
"""Of ESRGAN's leaky ReLUs."""
RRDB_RESIDUAL = 0.2
"""What ESRGAN's residuals are multiplied by."""
RRDB_CONVOLUTIONS, RRDB_DENSE = 5, 3
"""Of ESRGAN: convolutions of a dense block; dense blocks of a residual one."""


def bicubic_phases(scale: int) -> NDArray[np.float32]:
    """The weights of the input pixels around each of the `scale` places in one, `(scale, 5)`.

    By Keys' cubic kernel. Source: Keys 1981, a = -0.5.
    """
    places = (np.arange(scale) + 0.5) / scale - 0.5
    x = np.abs(places[:, None] - np.arange(-BICUBIC_REACH_PX, BICUBIC_REACH_PX + 1))
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = np.where(x <= 1, near, np.where(x < 2, far, 0))
    phases: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return phases


def bicubic(image: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """`wespe.networks.enlarging.bicubic.Bicubic` of `(1, C, H, W)`, a place within the pixel at a
    time."""
    channels, height, width = image.shape[1:]
    large = np.empty((1, channels, scale * height, scale * width), np.float32)
    phases = bicubic_phases(scale)
    for plane, into in zip(image[0], large[0], strict=True):
        for row, down in enumerate(phases):
            for column, across in enumerate(phases):
                into[row::scale, column::scale] = cv2.sepFilter2D(
                    plane, cv2.CV_32F, across, down, borderType=cv2.BORDER_REPLICATE
                )
    return large


def doublings(scale: int) -> int:
    """How often a photo is doubled. Raises ValueError unless `scale` is a power of 2."""
    if scale < 2 or scale & (scale - 1):
        raise ValueError(f"expected a scale of 2, 4, 8 …, got {scale}")
    return scale.bit_length() - 1


def compact_reach_px(layers: int) -> int:
    """How far, in input px, `Compact` looks."""
    return max(layers + 2, BICUBIC_REACH_PX)


def srcnn_reach_px(middle_kernel_px: int, scale: int) -> int:
    """How far, in input px, `Srcnn` looks, behind bicubic interpolation where it enlarges."""
    large_px = 4 + middle_kernel_px // 2 + 2
    return large_px if scale == 1 else math.ceil((large_px - 0.5) / scale + 0.5) + 1


def srresnet_reach_px(blocks: int, scale: int) -> int:
    """How far, in input px, `SrResNet` looks."""
    return 4 + 2 * blocks + 1 + _last_px(scale, last_px=4, before=True)


def edsr_reach_px(blocks: int, scale: int) -> int:
    """How far, in input px, `Edsr` looks."""
    return 1 + 2 * blocks + 1 + _last_px(scale, last_px=1, before=True)


def rrdb_reach_px(blocks: int, scale: int) -> int:
    """How far, in input px, `Rrdb` looks."""
    dense = RRDB_DENSE * RRDB_CONVOLUTIONS * blocks
    return 1 + dense + 1 + _last_px(scale, last_px=2, before=False)


def _last_px(scale: int, *, last_px: int, before: bool) -> int:
    """How far, in input px, the doublings and what follows look.

    `last_px`: how far what is behind all doublings looks, in output px. Each doubling has a
    convolution that looks 1 px far, `before` it or behind it.
    """
    reach = last_px
    for _ in range(doublings(scale)):
        reach = math.ceil(reach / 2) + 1 if before else math.ceil((reach + 1) / 2)
    return reach
