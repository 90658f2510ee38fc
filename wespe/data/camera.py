"""A simulated phone camera, only for the demo: aligned photos of one scene by two cameras.

Light passes the lens and meets the sensor in linear light; the phone's rendering then happens on
the encoded picture. The same response holds for every photo, only the noise is random: what
separates the two cameras is mostly one global mapping of colours. JPEG compression is that of the
written file.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Light = NDArray[np.float32]


def simulate_phone(
    pixels: Pixels,
    *,
    generator: np.random.Generator,
    blur_sigma_px: float = 0.8,
    corner_ev: float = -0.6,
    exposure_ev: float = -0.5,
    white_balance: tuple[float, float, float] = (1.0, 0.95, 0.7),
    full_well: float = 3000.0,
    read_noise: float = 4.0,
    contrast: float = 0.85,
) -> Pixels:
    """The photo as a phone with a small sensor would have taken it.

    `pixels` and the result: sRGB, uint8 `(H, W, 3)`. `generator` draws the noise. The other
    arguments are those of the steps below. The same generator state gives the same picture.
    """
    light = decode_srgb(pixels)
    light = blur(light, sigma_px=blur_sigma_px)
    light = vignette(light, corner_ev=corner_ev)
    light = expose(light, exposure_ev=exposure_ev, white_balance=white_balance)
    light = add_noise(light, generator=generator, full_well=full_well, read_noise=read_noise)
    return encode_srgb(light, contrast=contrast)


def decode_srgb(pixels: Pixels) -> Light:
    """uint8 sRGB → linear light in [0, 1] (IEC 61966-2-1)."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)[pixels]


def blur(light: Light, *, sigma_px: float) -> Light:
    """Optics: a Gaussian point spread of standard deviation `sigma_px`."""
    blurred = cv2.GaussianBlur(light, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def vignette(light: Light, *, corner_ev: float) -> Light:
    """Falloff with the squared distance from the centre, `corner_ev` stops in the corners."""
    height, width = light.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    return np.asarray(light * np.exp2(np.float32(corner_ev / 2) * (x**2 + y**2)))


def expose(light: Light, *, exposure_ev: float, white_balance: tuple[float, float, float]) -> Light:
    """Exposure in stops, and a gain for each of R, G and B; light above 1 saturates."""
    gains = np.float32(2**exposure_ev) * np.asarray(white_balance, np.float32)
    return np.minimum(light * gains, 1)


def add_noise(
    light: Light, *, generator: np.random.Generator, full_well: float, read_noise: float
) -> Light:
    """Shot noise, its variance the signal, and read noise, both in electrons.

    `full_well` electrons are a light of 1; the Poisson law is taken as normal.
    """
    electrons = light * np.float32(full_well)
    noise = generator.standard_normal(light.shape, np.float32)
    deviation = np.sqrt(electrons + np.float32(read_noise**2))
    return np.asarray((electrons + deviation * noise) / np.float32(full_well))


def encode_srgb(light: Light, *, contrast: float) -> Pixels:
    """Linear light → uint8 sRGB, with all levels drawn towards middle grey by 1 − `contrast`."""
    linear = np.clip(light, 0, 1)
    levels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * (0.5 + contrast * (levels - 0.5))).astype(np.uint8)
