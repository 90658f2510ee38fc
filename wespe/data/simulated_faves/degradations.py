"""What makes a photo worse, by degrees: the quality levels that simulated viewers judge.

At strength 1: a blur of 1.8 px, noise of 16 levels, one stop too dark or too bright, red and blue
off by 35 % to either side, JPEG of quality 30. Less in proportion; at strength 0 the photo stays.
"""

from collections.abc import Collection
from typing import Literal, get_args

import numpy as np

from wespe.data.camera import blur, decode_srgb, encode_srgb
from wespe.photos.images import Pixels

Degradation = Literal["blur", "noise", "exposure", "cast", "jpeg"]
DEGRADATIONS: tuple[Degradation, ...] = get_args(Degradation)

BLUR_SIGMA_PX = 1.8
NOISE_LEVELS = 16.0
EXPOSURE_EV = 1.0
CAST_SHARE = 0.35
BEST_QUALITY, WORST_QUALITY = 95, 30


def degrade(
    pixels: Pixels,
    kinds: Collection[Degradation],
    *,
    strength: float,
    generator: np.random.Generator,
) -> Pixels:
    """The photo, uint8 `(H, W, 3)`, after all `kinds` but JPEG, which is that of the written file.

    Exposure, cast and blur are those of linear light, noise is added to the 8-bit levels. The
    generator draws the noise and to which side exposure and cast go.
    """
    darker, warmer = generator.choice((-1.0, 1.0), size=2)
    light = decode_srgb(pixels)
    if "exposure" in kinds:
        light = light * np.float32(2.0 ** (darker * EXPOSURE_EV * strength))
    if "cast" in kinds:
        share = warmer * CAST_SHARE * strength
        light = light * np.array([1 + share, 1, 1 - share], np.float32)
    if "blur" in kinds and strength:
        light = blur(light, sigma_px=BLUR_SIGMA_PX * strength)
    degraded = encode_srgb(light, contrast=1.0)
    if "noise" in kinds:
        noise = generator.standard_normal(pixels.shape, np.float32) * (NOISE_LEVELS * strength)
        degraded = np.clip(np.rint(degraded + noise), 0, 255).astype(np.uint8)
    return degraded


def jpeg_quality(kinds: Collection[Degradation], *, strength: float) -> int:
    """The quality of the written file."""
    worst = WORST_QUALITY if "jpeg" in kinds else BEST_QUALITY
    return round(BEST_QUALITY + (worst - BEST_QUALITY) * strength)
