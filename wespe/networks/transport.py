"""The transport from one look of photos to another: levels, saturation and local contrast.

It is not in the paper.

A histogram match by itself leaves photos flat and pale: it matches each channel's levels, whichever
pixels have them. So the saturation and the contrast at scales of a few pixels are changed after it,
each by a single gain. `wespe.training.transport_fit` finds all of it between two sets of photos.
"""

import itertools
import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wespe.photos.filters import gaussian_blur, grey
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.results.cards import TransportNumbers

# Standard deviations of the blurs between which contrast is measured. What is finer than the first
# is noise as much as detail: amplifying it cost PSNR on real photos.
BAND_EDGES_PX = (1.2, 3.2, 8.6)
# Rows of a photo that are moved at once: 12 megapixels at once took gigabytes.
_BAND_ROWS = 256


class Transport(nn.Module):
    """A look: a curve for each channel, then gains of the saturation and of the luma's contrast.

    `levels` `(256, 3)`, float: what each level from 0 to 255 becomes, a column a channel.
    `contrast`: a gain for each band of the luma, fine to coarse. By default nothing changes.
    """

    receptive_field_px: ClassVar[int] = math.ceil(3.5 * BAND_EDGES_PX[-1])

    def __init__(
        self,
        levels: NDArray[np.float64] | None = None,
        saturation: float = 1.0,
        contrast: Sequence[float] = (1.0,) * (len(BAND_EDGES_PX) - 1),
    ) -> None:
        super().__init__()
        if levels is None:
            levels = np.arange(256.0)[:, None].repeat(3, axis=1)
        self.curves = nn.Buffer(torch.from_numpy(levels / 255).float())
        self.gains = nn.Buffer(torch.tensor([saturation, *contrast]))

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 3, H, W)` in [0, 1] → the same in the other look, in float32."""
        with torch.autocast(image.device.type, enabled=False):
            matched = self.match(image.float())
            saturation, *contrast = self.gains
            luma = grey(matched)
            boosted = luma
            for gain, band in zip(contrast, bands(luma), strict=False):
                boosted = boosted + (gain - 1) * band
            moved: Tensor = boosted + saturation * (matched - luma)
            return moved.clamp(0, 1)

    def match(self, image: Tensor) -> Tensor:
        """Only the curves, linear between the levels."""
        place = image.clamp(0, 1) * 255
        below = place.detach().floor().clamp(max=254).long()
        share = place - below
        channels = [
            torch.lerp(curve[below[:, c]], curve[below[:, c] + 1], share[:, c])
            for c, curve in enumerate(self.curves.unbind(1))
        ]
        return torch.stack(channels, dim=1)

    def enhance(self, photo: Pixels) -> Pixels:
        """One photo, uint8 `(H, W, 3)`, in the other look; band by band, in little memory."""
        moved = np.empty_like(photo)
        halo = self.receptive_field_px
        for top in range(0, len(photo), _BAND_ROWS):
            first = max(0, top - halo)
            band = photo[first : top + _BAND_ROWS + halo]
            with torch.inference_mode():
                done = to_pixels(self(to_tensor(band)))[0]
            moved[top : top + _BAND_ROWS] = done[top - first :][:_BAND_ROWS]
        return moved

    @property
    def levels(self) -> NDArray[np.float64]:
        """What each level becomes, `(256, 3)`."""
        return self.curves.double().cpu().numpy() * 255

    def numbers(self) -> TransportNumbers:
        """What a model card keeps of it, rounded."""
        saturation, *contrast = (round(gain, 4) for gain in self.gains.tolist())
        levels = self.levels.round(2).tolist()
        return TransportNumbers(levels=levels, saturation=saturation, contrast=contrast)

    @classmethod
    def of(cls, numbers: TransportNumbers) -> Self:
        """The transport of a model card."""
        return cls(np.array(numbers.levels), numbers.saturation, numbers.contrast)


def bands(luma: Tensor) -> list[Tensor]:
    """The luma between each two neighbouring blurs, fine to coarse, each `(N, 1, H, W)`.

    A photo too small for a blur lacks its bands; patches of 32 px have all.
    """
    largest_px = (min(luma.shape[-2:]) - 1) / 3.5
    blurred = [gaussian_blur(luma, sigma) for sigma in BAND_EDGES_PX if sigma <= largest_px]
    return [fine - coarse for fine, coarse in itertools.pairwise(blurred)]
