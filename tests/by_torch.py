"""One photo through a network by torch, for tests that compare."""

import torch

from wespe.networks.enhancer import Enhancer
from wespe.networks.inference.backends import TorchBackend
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.images import Pixels


def enhance_pixels(
    network: Enhancer,
    pixels: Pixels,
    *,
    tile_px: int | None = None,
    strength: float = 1.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Pixels:
    """One photo, uint8 `(H, W, 3)`; `dtype`, float32 or bfloat16, is that of convolutions."""
    backend = TorchBackend(device, bf16=dtype == torch.bfloat16)
    enhancer = PhotoEnhancer(network, backend, tile_px=tile_px)
    enhanced: Pixels = enhancer.enhance(pixels, strength=strength)
    return enhanced
