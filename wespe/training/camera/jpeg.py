"""What saving as JPEG does to a photo, on tensors: blocks, quantised, with halved chroma."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from wespe.photos.jpeg_quality import CHROMA_STEPS, LUMA_STEPS
from wespe.photos.luma import LUMA

BLOCK_PX = 8
_MACRO_PX = 2 * BLOCK_PX  # a block of the halved chroma


def jpeg(image: Tensor, quality: Tensor) -> Tensor:
    """`(N, 3, H, W)` in [0, 1] as it is after JPEG with 4:2:0 chroma; rounded to 8 bits.

    `quality` `(N,)`, from 1 to 100, scales the tables of the standard as libjpeg does. The blocks
    begin at the upper left corner; edges are repeated to whole ones. No gradients.
    """
    height, width = image.shape[-2:]
    padding = (0, -width % _MACRO_PX, 0, -height % _MACRO_PX)
    with torch.no_grad():
        matrix = to_ycc(image.device)
        ycc = torch.einsum("ij,njhw->nihw", matrix, 255 * F.pad(image, padding, mode="replicate"))
        scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
        luma = _quantised(ycc[:, :1] - 128, LUMA_STEPS, scale) + 128
        chroma = _quantised(F.avg_pool2d(ycc[:, 1:], 2), CHROMA_STEPS, scale)
        # As libjpeg enlarges it ("fancy upsampling").
        chroma = F.interpolate(chroma, scale_factor=2, mode="bilinear")
        rgb = torch.einsum("ij,njhw->nihw", torch.linalg.inv(matrix), torch.cat([luma, chroma], 1))
        return rgb[..., :height, :width].round().clamp(0, 255) / 255


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def to_ycc(device: torch.device) -> Tensor:
    """The matrix from RGB to Y, Cb and Cr of JFIF, `(3, 3)`, chroma around 0."""
    luma = torch.tensor(LUMA)
    blue, red = torch.tensor([0.0, 0.0, 1.0]) - luma, torch.tensor([1.0, 0.0, 0.0]) - luma
    return torch.stack([luma, blue / (2 - 2 * luma[2]), red / (2 - 2 * luma[0])]).to(device)


def _quantised(planes: Tensor, steps: tuple[int, ...], scale: Tensor) -> Tensor:
    """Planes `(N, C, H, W)` in levels, their blocks' DCT rounded to the scaled steps."""
    count, channels, height, width = planes.shape
    shape = (count, channels, height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    blocks = planes.reshape(shape).transpose(3, 4)
    transform = _dct(planes.device)
    table = planes.new_tensor(steps).view(1, BLOCK_PX, BLOCK_PX)
    table = ((table * scale[:, None, None] + 50) / 100).floor().clamp(1, 255)
    table = table[:, None, None, None]
    rounded = (transform @ blocks @ transform.T / table).round() * table
    return (transform.T @ rounded @ transform).transpose(3, 4).reshape(planes.shape)


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def _dct(device: torch.device) -> Tensor:
    place = torch.arange(BLOCK_PX, dtype=torch.float32)
    matrix = 0.5 * torch.cos((2 * place + 1) * place[:, None] * math.pi / (2 * BLOCK_PX))
    matrix[0] /= math.sqrt(2)
    return matrix.to(device)
