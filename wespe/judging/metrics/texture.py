"""Texture and colour that the eye sees at 100 %: noise of flat regions, spectrum, hue, saturation.

These are measures of a photo's blocks or patches, not numbers of a photo: whoever compares photos
chooses blocks on the original and measures the same ones of each version (`benchmarks/texture.py`).
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Values = NDArray[np.float64]

BLOCK_PX = 32
PATCH_PX = 100
RINGS = 10
HUE_SECTORS = 8
"""Of 45°, the first from 0°."""

_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""The light of each level of sRGB."""
_TO_XYZ = np.array(
    [
        [0.4124564, 0.2126729, 0.0193339],
        [0.3575761, 0.7151522, 0.1191920],
        [0.1804375, 0.0721750, 0.9503041],
    ]
)
_TO_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=0)).astype(np.float32)
"""Linear sRGB to CIE XYZ, relative to white."""

_SMOOTH_PX = 2.0
_GREY_CHROMA = 5.0


@dataclass(frozen=True)
class Blocks:
    """What the blocks of a photo are like, each `(N,)`, row by row.

    `luma` in levels; `structure`: the standard deviation in levels of the luma after a Gaussian of
    σ 2 px, which leaves little of the noise; `lab`: the mean CIELAB colour, `(N, 3)`.
    """

    luma: Values
    structure: Values
    lab: Values

    @classmethod
    def of(cls, photo: Pixels) -> Self:
        """The blocks of 32×32 px of a photo, uint8 `(H, W, 3)`; what is left at the right and the
        bottom belongs to none."""
        luma = luma_of(photo)
        smooth = np.asarray(cv2.GaussianBlur(luma, (0, 0), _SMOOTH_PX), np.float32)
        lab = _tiles(lab_of(photo), BLOCK_PX).mean((1, 2), dtype=np.float64)
        structure = _tiles(smooth, BLOCK_PX).std((1, 2), dtype=np.float64)
        return cls(_tiles(luma, BLOCK_PX).mean((1, 2), dtype=np.float64), structure, lab)


def noise_levels(photo: Pixels) -> Values:
    """The noise of each block of 32×32 px in levels, `(N,)`; photo uint8 `(H, W, 3)`.

    Of the finest band of the luma: the photo minus a Gaussian of σ 1 px. Robust, so that an edge or
    a twig does not count: 1.4826 times the median absolute deviation from the median, which is the
    standard deviation of what is normal. White noise keeps 0.87 of its standard deviation there:
    the root of 1 minus twice the kernel's middle plus the sum of its squares.
    """
    luma = luma_of(photo)
    fine = luma - np.asarray(cv2.GaussianBlur(luma, (0, 0), 1.0), np.float32)
    blocks = _tiles(fine, BLOCK_PX).reshape(-1, BLOCK_PX**2).astype(np.float64)
    away = np.abs(blocks - np.median(blocks, axis=1, keepdims=True))
    return np.asarray(1.4826 * np.median(away, axis=1), np.float64)


def ring_powers(photo: Pixels) -> Values:
    """The luma's power in ten rings of frequency, of each patch of 100×100 px: `(N, 10)`.

    Ring k has the frequencies from k/20 to (k + 1)/20 cycles a px. The mean of a patch is removed
    and a Hann window laid over it; power is the squared magnitude of the discrete Fourier
    transform, averaged over the ring. `photo`: uint8 `(H, W, 3)`, cut side by side from its top
    left.
    """
    patches = _tiles(luma_of(photo), PATCH_PX).astype(np.float64)
    patches -= patches.mean((1, 2), keepdims=True)
    window = np.hanning(PATCH_PX)
    power = np.abs(np.fft.fft2(patches * np.outer(window, window))) ** 2
    frequencies = np.fft.fftfreq(PATCH_PX)
    radius = np.hypot(frequencies[:, None], frequencies[None, :])
    # A little beyond the edge, so that 0.15 = 15/100 is in the ring that begins there.
    ring = np.floor(radius * 2 * RINGS + 1e-9).astype(int)
    means = [power[:, ring == number].mean(axis=1) for number in range(RINGS)]
    return np.stack(means, axis=1)


def hue_deg(lab: Values) -> float:
    """The CIELAB hue of the mean of colours, `(N, 3)`, in degrees, 0 to 360.

    The mean is that of a* and b*, so that 359° and 1° are 0° and a vivid colour weighs more than a
    pale one.
    """
    _, a, b = lab.reshape(-1, 3).mean(axis=0)
    return float(np.degrees(np.arctan2(b, a)) % 360)


def turned_deg(hue: float, original: float) -> float:
    """How far a hue is from that of the original, −180 to 180; positive counterclockwise."""
    return (hue - original + 180) % 360 - 180


def chroma_by_hue(photo: Pixels) -> tuple[Values, Values]:
    """CIELAB chroma by eight sectors of hue of 45°: its sum and the number of pixels, `(8,)` each.

    A pixel counts in the sector of its own hue; one with a chroma below 5 is grey and counts in
    none. `photo`: uint8 `(H, W, 3)`.
    """
    lab = lab_of(photo).reshape(-1, 3)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    colourful = chroma >= _GREY_CHROMA
    hue = np.degrees(np.arctan2(lab[colourful, 2], lab[colourful, 1])) % 360
    sector = np.minimum(hue // (360 / HUE_SECTORS), HUE_SECTORS - 1).astype(int)
    sums = np.bincount(sector, weights=chroma[colourful], minlength=HUE_SECTORS)
    return sums.astype(np.float64), np.bincount(sector, minlength=HUE_SECTORS).astype(np.float64)


def luma_of(photo: Pixels) -> NDArray[np.float32]:
    """BT.601 luma in levels, not rounded, `(H, W)`."""
    return np.asarray(cv2.cvtColor(photo.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)


def lab_of(photo: Pixels) -> NDArray[np.float32]:
    """CIELAB of a photo in sRGB, uint8 `(H, W, 3)`: L* in 0 to 100, a* and b*; white is D65.

    By the equations of IEC 61966-2-1 and CIE 15: OpenCV's tables are up to 0.3 off.
    """
    xyz = _LINEAR[photo] @ _TO_XYZ
    linear = xyz * np.float32(841 / 108) + np.float32(4 / 29)
    x, y, z = np.moveaxis(np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), linear), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _tiles(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Squares side by side, `(H, W)` or `(H, W, C)` → `(N, size, size)` or `(N, size, size, C)`."""
    rows, columns = values.shape[0] // size, values.shape[1] // size
    whole = values[: rows * size, : columns * size]
    split = whole.reshape(rows, size, columns, size, *values.shape[2:])
    return split.swapaxes(1, 2).reshape(rows * columns, size, size, *values.shape[2:])
