"""What takes the look of one set of photos to that of another without pairs: levels, saturation and
local contrast. Nothing of it is in the paper.

A histogram match alone leaves photos flat and pale: it matches each channel's levels, whichever
pixels have them. So the saturation and the contrast at scales of a few pixels are matched after it,
each by a single gain, since what differs between the domains' contents must not count as look.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wespe.images import Pixels, to_pixels, to_tensor
from wespe.losses import gaussian_blur, grey

# Patches of a memory map that are looked at together; each level's count stays exact in OpenCV's
# float32.
_CHUNK_PIXELS = 2**22
# Standard deviations of the blurs between which contrast is measured. What is finer than the first
# is noise as much as detail: amplifying it cost PSNR on real photos.
_BAND_EDGES_PX = (1.2, 3.2, 8.6)
# Rows of a photo that are moved at once: 12 megapixels at once took gigabytes.
_BAND_ROWS = 256
# Patches a domain that contrast and saturation are measured on, evenly spread.
_MEASURED = 2000
# Beyond this, what differs is taken for content: 15 vivid photos asked for twice the saturation.
_LARGEST_GAIN = 1.4


class Transport(nn.Module):
    """A look: a curve for each channel, then gains of the saturation and of the luma's contrast.

    `levels` `(256, 3)`, float: what each level from 0 to 255 becomes, a column a channel.
    `contrast`: a gain for each band of the luma, fine to coarse. By default nothing changes.
    """

    receptive_field_px: ClassVar[int] = math.ceil(3.5 * _BAND_EDGES_PX[-1])

    def __init__(
        self,
        levels: NDArray[np.float64] | None = None,
        saturation: float = 1.0,
        contrast: Sequence[float] = (1.0,) * (len(_BAND_EDGES_PX) - 1),
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
            for gain, band in zip(contrast, _bands(luma), strict=False):
                boosted = boosted + (gain - 1) * band
            moved: Tensor = boosted + saturation * (matched - luma)
            return moved.clamp(0, 1)

    def match(self, image: Tensor) -> Tensor:
        """The curves alone: the unpaired histogram match. Linear between the levels."""
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

    def to_json(self) -> dict[str, Any]:
        saturation, *contrast = (round(gain, 4) for gain in self.gains.tolist())
        levels = self.levels.round(2).tolist()
        return {"levels": levels, "saturation": saturation, "contrast": contrast}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(np.array(value["levels"]), value["saturation"], value["contrast"])


def fit_transport(source: Pixels, target: Pixels) -> Transport:
    """The transport between two sets of patches, uint8 `(N, S, S, 3)`, memory maps or not."""
    histograms = zip(_histograms(source), _histograms(target), strict=True)
    levels = np.stack([_match(*channel) for channel in histograms], axis=-1)
    before, after = _measure(source, Transport(levels)), _measure(target, Transport())
    saturation, *contrast = (
        float(np.clip(wanted / max(found, 1e-6), 1 / _LARGEST_GAIN, _LARGEST_GAIN))
        for found, wanted in zip(before, after, strict=True)
    )
    return Transport(levels, saturation, contrast)


def _histograms(patches: Pixels) -> NDArray[np.int64]:
    """How often each channel has each of its 256 levels: counts `(3, 256)`."""
    counts = np.zeros((3, 256), np.int64)
    step = max(1, _CHUNK_PIXELS // (patches.shape[1] * patches.shape[2]))
    for first in range(0, len(patches), step):
        chunk = patches[first : first + step].reshape(1, -1, 3)
        for channel in range(3):
            levels = cv2.calcHist([chunk], [channel], None, [256], [0, 256])
            counts[channel] += levels.ravel().astype(np.int64)
    return counts


def _match(source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.float64]:
    """The monotone curve, 256 levels, from one histogram to another.

    A level stands for the middle of its pixels in the cumulative distribution; between the levels
    that the target has, the curve is interpolated. Equal histograms give the identity.
    """
    present = target > 0
    return np.interp(_mid_ranks(source), _mid_ranks(target)[present], np.flatnonzero(present))


def _mid_ranks(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of pixels below each level, plus half the share of those at it."""
    ranks: NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / counts.sum()
    return ranks


def _measure(patches: Pixels, look: Transport) -> list[float]:
    """The root mean square of the chroma, then of each band of the luma, after the curves."""
    chosen = np.unique(np.linspace(0, len(patches) - 1, min(len(patches), _MEASURED)).astype(int))
    step = max(1, _CHUNK_PIXELS // (4 * patches.shape[1] * patches.shape[2]))
    sums = np.zeros(len(_BAND_EDGES_PX))
    for first in range(0, len(chosen), step):
        image = look.match(to_tensor(patches[chosen[first : first + step]]))
        luma = grey(image)
        parts = [image - luma, *_bands(luma)]
        sums += [float(part.square().mean((1, 2, 3)).sum()) for part in parts]
    return [float(value) for value in np.sqrt(sums / len(chosen))]


def _bands(luma: Tensor) -> list[Tensor]:
    """The luma between each two neighbouring blurs, fine to coarse, each `(N, 1, H, W)`.

    A photo too small for a blur lacks its bands; patches of 32 px have all.
    """
    largest_px = (min(luma.shape[-2:]) - 1) / 3.5
    blurred = [gaussian_blur(luma, sigma) for sigma in _BAND_EDGES_PX if sigma <= largest_px]
    return [fine - coarse for fine, coarse in itertools.pairwise(blurred)]
