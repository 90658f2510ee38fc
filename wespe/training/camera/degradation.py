"""What a camera does to the texture of photos: blur, noise and JPEG, drawn anew for each photo."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from wespe.photos.filters import grey
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.jpeg import BLOCK_PX, jpeg

_RADIUS_PX = 6  # of a blur; its standard deviation is at most 2.5 px


ANY_CAMERA = DegradationNumbers(
    blur_px=(0.1, 1.3),
    noise_levels=(2.0, 3.0, 3.0, 2.6, 2.2, 1.6),
    noise_factor=(0.0, 2.5),
    shared_noise=0.5,
    grain_px=(0.1, 0.9),
    jpeg_quality=(60.0, 100.0),
    files_quality=None,
    mismatch=None,
)
"""What photos of cameras that are not known may have: from nothing to that of a small sensor."""


class Degradation:
    """Blurs, adds noise and compresses, by `numbers`, which `camera.fit` finds."""

    def __init__(self, numbers: DegradationNumbers) -> None:
        self.numbers = numbers

    @torch.no_grad()
    def __call__(self, clean: Tensor, random: torch.Generator) -> Tensor:
        """Patches `(N, 3, S, S)` in [0, 1] as the camera would have taken them, of 8 bits.

        `random`, on the device of the patches, draws for each patch how much; it decides all that
        is random, so that a resumed training draws the same.
        """
        numbers, count, device = self.numbers, len(clean), clean.device

        def between(bounds: tuple[float, float]) -> Tensor:
            low, high = bounds
            return low + (high - low) * torch.rand(count, generator=random, device=device)

        # A photo's blocks of JPEG begin anywhere in a patch that is cut out of it.
        top, left = torch.randint(2 * BLOCK_PX, (2,), generator=random, device=device).tolist()
        padded = F.pad(clean, (left, 0, top, 0), mode="reflect")
        image = blurred(padded, between(numbers.blur_px))
        shared, own = (
            torch.randn(count, channels, *image.shape[2:], generator=random, device=device)
            for channels in (1, 3)
        )
        grain = between(numbers.grain_px)
        noise = math.sqrt(numbers.shared_noise) * _grained(shared, grain)
        noise = noise + math.sqrt(1 - numbers.shared_noise) * _grained(own, grain)
        strength = between(numbers.noise_factor)[:, None, None, None]
        noisy = image + strength * self._noise_at(grey(image)) * noise
        return jpeg(noisy.clamp(0, 1), between(numbers.jpeg_quality))[..., top:, left:]

    def _noise_at(self, luma: Tensor) -> Tensor:
        """The noise of each pixel, in [0, 1], by its luma; linear between the levels."""
        levels = luma.new_tensor(self.numbers.noise_levels) / 255
        place = (luma * len(levels) - 0.5).clamp(0, len(levels) - 1)
        below = place.floor().clamp(max=len(levels) - 2).long()
        return torch.lerp(levels[below], levels[below + 1], place - below)


def blurred(image: Tensor, sigma_px: Tensor) -> Tensor:
    """Each photo of `(N, C, H, W)` blurred by a Gaussian of its own, `sigma_px` `(N,)`."""
    count, channels, height, width = image.shape
    offsets = torch.arange(-_RADIUS_PX, _RADIUS_PX + 1, device=image.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma_px[:, None].clamp(min=0.05) ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None]
    padded = F.pad(image, (_RADIUS_PX,) * 4, mode="reflect").flatten(0, 1)[None]
    with torch.autocast(image.device.type, enabled=False):
        rows = F.conv2d(padded, kernel[..., None], groups=count * channels)
        both = F.conv2d(rows, kernel[:, :, None], groups=count * channels)
    return both.view(count, channels, height, width)


def _grained(noise: Tensor, grain_px: Tensor) -> Tensor:
    """Noise of standard deviation 1, its neighbours alike as after a blur of `grain_px`."""
    smooth = blurred(noise, grain_px)
    return smooth / smooth.flatten(1).std(1)[:, None, None, None]
