"""The views of a photo that losses, transport and monitors see: blurred (eq. 2), and grey."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from wespe.photos.blur_reach import REACH
from wespe.photos.luma import LUMA

# Rows that are blurred at once on a CPU; more do not fit into its cache.
_BAND_ROWS = 128


def gaussian_blur(image: Tensor, sigma_px: float) -> Tensor:
    """Eq. 2: the colour view, `image` blurred by a Gaussian of standard deviation `sigma_px`.

    The kernel reaches 3.5 standard deviations and sums to one, as the paper's A = 0.053 does for a
    variance of 3. Edges are mirrored, so that a constant photo stays constant.
    """
    kernel = _gaussian(sigma_px, image.dtype, image.device)
    radius = len(kernel) // 2
    channels = image.shape[1]
    rows = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    columns = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    padded = F.pad(image, (radius, radius, radius, radius), mode="reflect")

    def blurred(band: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(band, rows, groups=channels), columns, groups=channels)

    # An exported network has any height, and so no number of bands.
    if image.device.type != "cpu" or torch.compiler.is_exporting():
        return blurred(padded)
    tops = range(0, image.shape[2], _BAND_ROWS)
    bands = [blurred(padded[:, :, top : top + _BAND_ROWS + 2 * radius]) for top in tops]
    return torch.cat(bands, dim=2)


def grey(image: Tensor) -> Tensor:
    """The texture view of section 3.3: the luma of `image`, `(N, 1, H, W)`."""
    return (image * _luma(image.dtype, image.device)).sum(1, keepdim=True)


# Made once a device: copying a constant to a GPU in every step would make the CPU wait for it.


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def _gaussian(sigma_px: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    radius = math.ceil(REACH * sigma_px)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32, device=device)
    kernel = torch.exp(-offsets.square() / (2 * sigma_px**2))
    return (kernel / kernel.sum()).to(dtype)


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def _luma(dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(LUMA, dtype=dtype, device=device).view(1, 3, 1, 1)
