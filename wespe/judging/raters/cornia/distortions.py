"""Synthetic distortions of photos, each at levels from 1 (hardly seen) to 5 (severe)."""

import io
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from PIL import Image

from wespe.photos.images import Pixels

LEVELS = (1, 2, 3, 4, 5)

_BLUR_PX = (0.7, 1.1, 1.8, 2.9, 4.6)
_NOISE_LEVELS = (4.0, 8.0, 16.0, 32.0, 64.0)
_JPEG_QUALITY = (70, 40, 22, 12, 6)
_JPEG2000_RATIO = (15, 30, 60, 120, 240)


def blur(photo: Pixels, level: int, seed: int = 0) -> Pixels:
    """A Gaussian blur with a standard deviation of 0.7 to 4.6 px."""
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), _BLUR_PX[level - 1]), np.uint8)


def noise(photo: Pixels, level: int, seed: int = 0) -> Pixels:
    """White noise in R, G and B with a standard deviation of 4 to 64 of 255 levels."""
    spread = np.random.default_rng(seed).standard_normal(photo.shape, np.float32)
    noisy = np.rint(photo + _NOISE_LEVELS[level - 1] * spread)
    return noisy.clip(0, 255).astype(np.uint8)


def jpeg(photo: Pixels, level: int, seed: int = 0) -> Pixels:
    """JPEG, libjpeg's quality 70 down to 6."""
    return _through(photo, "JPEG", quality=_JPEG_QUALITY[level - 1])


def jpeg2000(photo: Pixels, level: int, seed: int = 0) -> Pixels:
    """JPEG 2000 at a 15th down to a 240th of 24 bit a pixel."""
    return _through(
        photo,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[_JPEG2000_RATIO[level - 1]],
        irreversible=True,
    )


def _through(photo: Pixels, encoding: str, **settings: object) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(photo).save(stream, encoding, **settings)
    return np.asarray(Image.open(stream).convert("RGB"))


DISTORTIONS: dict[str, Callable[[Pixels, int, int], Pixels]] = {
    "blur": blur,
    "noise": noise,
    "jpeg": jpeg,
    "jpeg2000": jpeg2000,
}
"""By name: from a photo, uint8 `(H, W, 3)`, a level in LEVELS and a seed to the distorted photo."""

VERSIONS = (("none", 0), *((name, level) for name in DISTORTIONS for level in LEVELS))
"""A photo as it is, and by each distortion at each level."""


def versions(photo: Pixels, crop_px: int, *, seed: int) -> Iterator[Pixels]:
    """The middle of a photo, at most `crop_px` wide and high, in each of VERSIONS."""
    top, left = (max(0, side - crop_px) // 2 for side in photo.shape[:2])
    crop = np.ascontiguousarray(photo[top:, left:][:crop_px, :crop_px])
    yield crop
    for name, level in VERSIONS[1:]:
        yield DISTORTIONS[name](crop, level, seed)
