"""Between the levels of photos and the floats that networks compute with."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from wespe.photos.images import AnyPixels, Pixels


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 `(H, W, 3)` or `(N, H, W, 3)` → float32 `(N, 3, H, W)` in [0, 1]."""
    return from_levels(torch.from_numpy(pixels if pixels.ndim == 4 else pixels[None]))


def from_levels(batch: Tensor) -> Tensor:
    """`(N, H, W, 3)` → float32 `(N, 3, H, W)` in [0, 1], on the same device.

    uint8, uint16, or float32, which is in [0, 1] already.
    """
    largest = 1 if batch.dtype == torch.float32 else torch.iinfo(batch.dtype).max
    planes = batch.permute(0, 3, 1, 2)
    return planes.to(torch.float32, memory_format=torch.contiguous_format) / largest


def to_pixels(image: Tensor) -> Pixels:
    """Float `(N, 3, H, W)`, clamped to [0, 1] → uint8 `(N, H, W, 3)`, rounded to nearest."""
    levels: Pixels = to_levels(image, np.dtype(np.uint8))
    return levels


def to_levels(image: Tensor, dtype: np.dtype[Any]) -> AnyPixels:
    """Float `(N, 3, H, W)`, clamped to [0, 1] → `(N, H, W, 3)` of uint8, uint16 or float32."""
    image = image.detach().float().clamp(0, 1).permute(0, 2, 3, 1)
    if dtype != np.float32:
        image = (image * np.iinfo(dtype).max).round().to(getattr(torch, dtype.name))
    return np.ascontiguousarray(image.cpu().numpy())
