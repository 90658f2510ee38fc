"""The losses of WESPE, unweighted.

Images are `(N, 3, H, W)`, float, sRGB in [0, 1]. Source: Ignatov et al., WESPE, CVPR Workshops
2018, sections 3.1 to 3.5; where the paper is silent, the code published with DPED decides. The blur
of eq. 2 is `wespe.photos.filters.gaussian_blur`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from wespe.photos.filters import gaussian_blur

_WINDOW_PX = 7  # of the SSIM, whose constants follow
_C1, _C2 = 0.01**2, 0.03**2
_SHORT = 1e-3  # of VGG-19's features, which have lengths of 1 to 100 and more


def content_loss(features: Tensor, reconstructed: Tensor) -> Tensor:
    """Eq. 1: distance of the features ψ(x) and ψ(x̃), both `(N, C, H, W)`.

    Returns the mean square over N, C, H, W, a scalar ≥ 0. The paper writes the norm without a
    square; the DPED code, which its networks come from, squares it.
    """
    return F.mse_loss(reconstructed, features)


def cosine_loss(features: Tensor, reconstructed: Tensor) -> Tensor:
    """How far the features ψ(x) and ψ(x̃), both `(N, C, H, W)`, point in other directions.

    Half the squared distance of the vectors of all channels, brought to length 1; the mean over N,
    H, W, a scalar in [0, 1] for features ≥ 0. 1 − their cosine, but for vectors near zero, whose
    direction says little. Source: Zhang et al., "The unreasonable effectiveness of deep features as
    a perceptual metric", 2018, eq. 1, with all channels counting alike.
    """
    one, other = (
        each / (each.norm(dim=1, keepdim=True) + _SHORT) for each in (features, reconstructed)
    )
    distance: Tensor = 0.5 * (one - other).square().sum(1).mean()
    return distance


def adversarial_loss(fake_logits: Tensor) -> Tensor:
    """Eq. 3 and 4: −log D(G(x)), the mean over a batch of logits of any shape; a scalar ≥ 0.

    As logits the loss stays finite where the sigmoid saturates. The paper sums over the batch; the
    mean keeps the weights of eq. 6 independent of the batch size.
    """
    return F.softplus(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Cross-entropy of a discriminator: −log D(y) − log(1 − D(G(x))), halved; a scalar ≥ 0.

    ln 2 for a discriminator that guesses.
    """
    return 0.5 * (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean())


def relativistic_loss(more_real: Tensor, less_real: Tensor) -> Tensor:
    """How far one half of two batches of logits is from looking more real than the other, halved.

    The relativistic average loss of ESRGAN, eq. 1 and 2: of the discriminator, with photos as
    `more_real`, and of G, with its results. Each logit is compared with the mean of the others'. A
    scalar ≥ 0, ln 2 where both look the same. Source: Jolicoeur-Martineau, "The relativistic
    discriminator", 2019; halved as in the ESRGAN code.
    """
    above = more_real - less_real.mean()
    below = less_real - more_real.mean()
    return 0.5 * (F.softplus(-above).mean() + F.softplus(below).mean())


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


def transport_loss(blurred: Tensor, moved: Tensor, sigma_px: float) -> Tensor:
    """How far the look of an enhanced photo is from that of the target domain.

    `blurred`: the colour view of G(x). `moved`: x after the transport, which needs no pairs.
    Returns the mean square over N, C, H, W between the colour views, a scalar ≥ 0: texture is not
    its business. Not in the paper.
    """
    return F.mse_loss(blurred, gaussian_blur(moved, sigma_px))


def structure_loss(image: Tensor, reference: Tensor) -> Tensor:
    """1 − SSIM: how far the texture of an image is from the reference's; a scalar in [0, 2].

    The mean over N, C and windows of 7×7 px, at every second pixel: the uniform windows are several
    times faster than Gaussian ones. H and W at least 7. Not in the paper. Source: Wang et al. 2004;
    as a loss beside the absolute difference: Zhao et al., "Loss functions for image restoration
    with neural networks", 2017.
    """
    products = image * image + reference * reference, image * reference
    means = F.avg_pool2d(torch.cat([image, reference, *products]), _WINDOW_PX, stride=2)
    x, y, squares, product = means.chunk(4)
    both, energy = 2 * x * y, x * x + y * y
    luminance = (both + _C1) / (energy + _C1)
    structure = (2 * product - both + _C2) / (squares - energy + _C2)
    return 1 - (luminance * structure).mean()


def r1_penalty(real_logits: Tensor, real: Tensor) -> Tensor:
    """Mean over the batch of ‖∇D(y)‖² / 2, for `real` that requires a gradient; a scalar ≥ 0.

    Source: Mescheder et al., "Which training methods for GANs do actually converge?", 2018, eq. 9.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return 0.5 * gradient.square().sum((1, 2, 3)).mean()
