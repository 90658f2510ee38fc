"""The transport from one look of photos to another, by plain statistics. It is not in the paper.

A histogram match by itself leaves photos flat and pale: it matches each channel's levels, whichever
pixels have them. So colours get back a share of what the curves take of them, the contrast at
scales of a few pixels and the saturation get gains, and a linear map moves the channels jointly,
without which a blue sky turns violet. Last comes the light of each scene: a gamma for the photo as
a whole.
`wespe.training.transport` finds all of it between two sets of photos.
"""

import itertools
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wespe.networks.scene import grid_of, shows_scene
from wespe.networks.transport_numbers import (
    BAND_EDGES_PX,
    DARKEST,
    DETAIL_FIELD_PX,
    DETAIL_PX,
    HALVINGS,
    INTENDED,
    LARGEST_LOG_GAMMA,
    RATIO_FLOOR,
    RECEPTIVE_FIELD_PX,
    SLOPE_LEVELS,
)
from wespe.photos.blur_reach import REACH
from wespe.photos.filters import gaussian_blur, grey
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.results.cards import TransportNumbers

# Rows of a photo that are moved at once: 12 megapixels at once took gigabytes.
_BAND_ROWS = 256

UNMIXED = np.concatenate([np.zeros((1, 3)), np.eye(3)])
"""The map of `Transport` that changes nothing."""


class Transport(nn.Module):
    """A look: contrast of the luma, a curve for each channel, saturation, joint colour, light.

    `levels` `(256, 3)`, float: what each level from 0 to 255 becomes, a column a channel.
    `contrast`: a gain for each band of the luma, fine to coarse. `mixing` `(4, 3)`: what each
    channel gets of 1, r, g and b. `brightness`: the mean, in [0, 1], that
    a photo's light is brought to; 0 leaves it. `vividness`: from 0, where the curves bend each
    channel by itself, to 1, where the ratios of a pixel's channels stay. By default nothing
    changes.
    """

    receptive_field_px: ClassVar[int] = RECEPTIVE_FIELD_PX

    def __init__(
        self,
        levels: NDArray[np.float64] | None = None,
        saturation: float = 1.0,
        contrast: Sequence[float] = (1.0,) * (len(BAND_EDGES_PX) - 1),
        mixing: NDArray[np.float64] = UNMIXED,
        brightness: float = 0.0,
        vividness: float = 0.0,
    ) -> None:
        super().__init__()
        if levels is None:
            levels = np.arange(256.0)[:, None].repeat(3, axis=1)
        self.curves = nn.Buffer(torch.from_numpy(levels / 255).float())
        self.gains = nn.Buffer(torch.tensor([saturation, *contrast]))
        self.mixing = nn.Buffer(torch.from_numpy(mixing).float())
        self.brightness = nn.Buffer(torch.tensor(brightness))
        self.vividness = nn.Buffer(torch.tensor(vividness))

    def forward(self, image: Tensor, gamma: Tensor | None = None) -> Tensor:
        """`(N, 3, H, W)` in [0, 1] → the same in the other look, in float32.

        `gamma` `(N, 1)`: that of the whole photo, as `gamma` gives it; without one its light stays.
        """
        return self.recolour(self.contrasted(image), gamma)

    def contrasted(self, image: Tensor) -> Tensor:
        """The part that looks at neighbours: the contrast of the luma. Not clamped."""
        with torch.autocast(image.device.type, enabled=False):
            image = image.float()
            luma = grey(image)
            for gain, band in zip(self.gains[1:], bands(luma), strict=False):
                image = image + (gain - 1) * band
            return image

    def recolour(self, image: Tensor, gamma: Tensor | None = None) -> Tensor:
        """All else, of each pixel by itself; `gamma` as in `forward`."""
        with torch.autocast(image.device.type, enabled=False):
            toned = self.tone(image.float())
            luma = grey(toned)
            moved: Tensor = self.mix((luma + self.gains[0] * (toned - luma)).clamp(0, 1))
            # A power has no gradient at black.
            return moved if gamma is None else moved.clamp(min=DARKEST) ** gamma[:, :, None, None]

    def tone(self, image: Tensor) -> Tensor:
        """The curves, and `vividness` of the chroma that their slopes take or give. Not clamped.

        Where the curve's slope is flatter than its chord from black, colours become paler than the
        luma's change explains; where it is steeper, more vivid.
        """
        image = image.clamp(0, 1)
        luma = grey(image)
        gain = _interpolated(self._chroma_gain(), luma)
        return self.match(image) + gain * (image - luma)

    def _chroma_gain(self) -> Tensor:
        """At each level of luma, what a pixel gets of its chroma beside the curves, `(256,)`."""
        curve = self.curves.mean(1)
        level = torch.arange(256, device=curve.device)
        above, below = (level + SLOPE_LEVELS).clamp(max=255), (level - SLOPE_LEVELS).clamp(min=0)
        chord = (255 * curve + RATIO_FLOOR) / (level + RATIO_FLOOR)
        slope = 255 * (curve[above] - curve[below]) / (above - below)
        return self.vividness * (chord - slope)

    def match(self, image: Tensor) -> Tensor:
        """Only the curves, each channel by itself, linear between the levels."""
        channels = zip(self.curves.unbind(1), image.clamp(0, 1).unbind(1), strict=True)
        return torch.stack([_interpolated(curve, channel) for curve, channel in channels], dim=1)

    def mix(self, image: Tensor) -> Tensor:
        """Only the joint map of the channels, clamped."""
        constant, linear = self.mixing[0].view(1, 3, 1, 1), self.mixing[1:].T
        # A 1×1 convolution of oneDNN's would round otherwise where the tile's size differs.
        red, green, blue = (column.view(1, 3, 1, 1) for column in linear.unbind(1))
        r, g, b = (image[:, c : c + 1] for c in range(3))
        mixed: Tensor = constant + red * r + green * g + blue * b
        return mixed.clamp(0, 1)

    def gamma(self, seen: Tensor) -> Tensor:
        """The power, `(N, 1)`, that brings each photo's mean to `brightness`.

        `seen` `(N, 3, h, w)`: what a network sees of each photo before the transport. A photo that
        is far from that mean is dark or bright on purpose and is left as it is.
        """
        values = self.recolour(seen).clamp(min=DARKEST).log()
        low = values.new_full((len(values), 1), -LARGEST_LOG_GAMMA)
        high = -low
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            mean = (values * middle.exp()[:, :, None, None]).exp().mean((1, 2, 3))[:, None]
            low = torch.where(mean > self.brightness, middle, low)
            high = torch.where(mean > self.brightness, high, middle)
        wanted = (low + high) / 2
        return (wanted * torch.exp(-((wanted / INTENDED) ** 4))).exp()

    def enhance(self, photo: Pixels) -> Pixels:
        """One photo, uint8 `(H, W, 3)`, in the other look; band by band, in little memory."""
        moved, gamma = np.empty_like(photo), None
        if self.brightness and shows_scene(*photo.shape[:2]):
            gamma = self.gamma(to_tensor(grid_of(photo)))
        halo = self.receptive_field_px
        for top in range(0, len(photo), _BAND_ROWS):
            first = max(0, top - halo)
            band = photo[first : top + _BAND_ROWS + halo]
            with torch.inference_mode():
                done = to_pixels(self(to_tensor(band), gamma))[0]
            moved[top : top + _BAND_ROWS] = done[top - first :][:_BAND_ROWS]
        return moved

    @property
    def levels(self) -> NDArray[np.float64]:
        """What each level becomes, `(256, 3)`."""
        return self.curves.double().cpu().numpy() * 255

    def numbers(self) -> TransportNumbers:
        """What a model card keeps of it, rounded."""
        saturation, *contrast = (round(gain, 4) for gain in self.gains.tolist())
        return TransportNumbers(
            levels=self.levels.round(2).tolist(),
            saturation=saturation,
            contrast=contrast,
            mixing=self.mixing.double().cpu().numpy().round(4).tolist(),
            brightness=round(float(self.brightness), 4),
            vividness=round(float(self.vividness), 4),
        )

    @classmethod
    def of(cls, numbers: TransportNumbers) -> Self:
        """The transport of a model card."""
        return cls(
            np.array(numbers.levels),
            numbers.saturation,
            numbers.contrast,
            np.array(numbers.mixing),
            numbers.brightness,
            numbers.vividness,
        )


def _interpolated(table: Tensor, values: Tensor) -> Tensor:
    """What a table of 256 levels has at values in [0, 1], linear between the levels."""
    place = values * 255
    below = place.detach().floor().clamp(max=254).long()
    return torch.lerp(table[below], table[below + 1], place - below)


def fine_detail(image: Tensor) -> Tensor:
    """What of the luma is finer than a blur of `DETAIL_PX`, `(N, 1, H, W)`.

    It looks `DETAIL_FIELD_PX` to each side; a photo with a shorter side has none.
    """
    luma = grey(image)
    if min(luma.shape[-2:]) <= DETAIL_FIELD_PX:
        return torch.zeros_like(luma)
    return luma - gaussian_blur(luma, DETAIL_PX)


def bands(luma: Tensor) -> list[Tensor]:
    """The luma between each two neighbouring blurs, fine to coarse, each `(N, 1, H, W)`.

    A photo too small for a blur lacks its bands; patches of 32 px have all.
    """
    largest_px = (min(luma.shape[-2:]) - 1) / REACH
    blurred = [gaussian_blur(luma, sigma) for sigma in BAND_EDGES_PX if sigma <= largest_px]
    return [fine - coarse for fine, coarse in itertools.pairwise(blurred)]
