"""The losses of WESPE, unweighted, and the views of a photo that the discriminators see.

Images are `(N, 3, H, W)`, float, sRGB in [0, 1]. Source: Ignatov et al., WESPE, CVPR Workshops
2018, sections 3.1 to 3.5; where the paper is silent, the code published with DPED decides.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

# ITU-R BT.601 luma, which TensorFlow's and OpenCV's grey conversions share.
LUMA = (0.299, 0.587, 0.114)

# Rows that are blurred at once on a CPU; more do not fit into its cache.
_BAND_ROWS = 128


def content_loss(features: Tensor, reconstructed: Tensor) -> Tensor:
    """Eq. 1: distance of the features ψ(x) and ψ(x̃), both `(N, C, H, W)`.

    Returns the mean square over N, C, H, W, a scalar ≥ 0. The paper writes the norm without a
    square; the DPED code, which its networks come from, squares it.
    """
    return F.mse_loss(reconstructed, features)


def adversarial_loss(fake_logits: Tensor) -> Tensor:
    """Eq. 3 and 4: −log D(G(x)), the mean over a batch of logits of any shape; a scalar ≥ 0.

    As logits the loss stays finite where the sigmoid saturates. The paper sums over the batch; the
    mean keeps the weights of eq. 6 independent of the batch size.
    """
    return F.softplus(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Cross-entropy of a discriminator: −log D(y) − log(1 − D(G(x))), halved; a scalar ≥ 0.

    ln 2 for a discriminator that cannot tell.
    """
    return 0.5 * (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean())


def total_variation_loss(image: Tensor) -> Tensor:
    """Eq. 5: mean square of the horizontal plus that of the vertical differences; a scalar ≥ 0.

    `image`: H and W at least 2. Each mean runs over N, C and its own number of differences.
    Squared, as in the DPED code. Raises ValueError below 2 px.
    """
    if image.shape[-1] < 2 or image.shape[-2] < 2:
        raise ValueError(f"total variation needs 2×2 px at least, got {tuple(image.shape[-2:])}")
    horizontal = (image[..., :, 1:] - image[..., :, :-1]).square().mean()
    vertical = (image[..., 1:, :] - image[..., :-1, :]).square().mean()
    return horizontal + vertical


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
    band_rows = _BAND_ROWS if image.device.type == "cpu" else image.shape[2]
    bands = []
    for top in range(0, image.shape[2], band_rows):
        band = F.conv2d(padded[:, :, top : top + band_rows + 2 * radius], rows, groups=channels)
        bands.append(F.conv2d(band, columns, groups=channels))
    return torch.cat(bands, dim=2)


def grey(image: Tensor) -> Tensor:
    """The texture view of section 3.3: the luma of `image`, `(N, 1, H, W)`."""
    return (image * _luma(image.dtype, image.device)).sum(1, keepdim=True)


# Made once a device: copying a constant to a GPU in every step would make the CPU wait for it.


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def _gaussian(sigma_px: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    radius = math.ceil(3.5 * sigma_px)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32, device=device)
    kernel = torch.exp(-offsets.square() / (2 * sigma_px**2))
    return (kernel / kernel.sum()).to(dtype)


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def _luma(dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(LUMA, dtype=dtype, device=device).view(1, 3, 1, 1)


def transport_loss(blurred: Tensor, moved: Tensor, sigma_px: float) -> Tensor:
    """How far the look of an enhanced photo is from that of the target domain.

    `blurred`: the colour view of G(x). `moved`: x after `wespe.transport`, which needs no pairs.
    Returns the mean square over N, C, H, W between the colour views, a scalar ≥ 0: texture is not
    its business. Not in the paper.
    """
    return F.mse_loss(blurred, gaussian_blur(moved, sigma_px))


def r1_penalty(real_logits: Tensor, real: Tensor) -> Tensor:
    """Mean over the batch of ‖∇D(y)‖² / 2, for `real` that requires a gradient; a scalar ≥ 0.

    Source: Mescheder et al., "Which training methods for GANs do actually converge?", 2018, eq. 9.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return 0.5 * gradient.square().sum((1, 2, 3)).mean()
