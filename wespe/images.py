"""The one place that decodes, encodes and converts photos.

Between modules a photo is sRGB: uint8 `(H, W, 3)` on disk and in stores, float32
`(N, 3, H, W)` in [0, 1] in front of a network.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from wespe.files import atomic_file

Pixels = NDArray[np.uint8]

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
# A decoded photo larger than this is refused as a decompression bomb: 300 MP is 0.9 GB of RGB.
MAX_PIXELS = 300_000_000
_ORIENTATION_TAG = 0x0112
_SRGB = ImageCms.createProfile("sRGB")


class PhotoError(ValueError):
    """A file that cannot be used as a photo; the message names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Photo:
    """An upright sRGB photo, uint8 `(H, W, 3)`, and the EXIF block to keep, if any."""

    pixels: Pixels
    exif: bytes | None


def read_photo(path: Path) -> Photo:
    """Decode a photo: EXIF turn applied, ICC profile converted to sRGB, three channels.

    Raises PhotoError for a file that is missing, empty, truncated, no image, or too large.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns between its soft and hard limits; ours decides below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    reason = f"{image.width}×{image.height} px is over {MAX_PIXELS // 10**6} MP"
                    raise PhotoError(path, reason)
                image.load()
                return _upright_srgb(image)
    except PhotoError:
        raise
    except UnidentifiedImageError as error:
        reason = "empty file" if path.stat().st_size == 0 else "not an image"
        raise PhotoError(path, reason) from error
    except FileNotFoundError as error:
        raise PhotoError(path, "no such file") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoError(path, f"cannot be decoded: {error}") from error


def photo_size(path: Path) -> tuple[int, int]:
    """Width and height in px of the upright photo, from its header alone. Raises PhotoError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                turned = image.getexif().get(_ORIENTATION_TAG, 1) >= 5
                return (image.height, image.width) if turned else (image.width, image.height)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoError(path, "not an image") from error


def _upright_srgb(image: Image.Image) -> Photo:
    exif = image.getexif()
    exif.pop(_ORIENTATION_TAG, None)
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if profile and image.mode in {"RGB", "L", "CMYK"}:
        image = _convert_to_srgb(image, profile)
    elif image.mode in {"RGBA", "LA", "PA", "P"}:
        image = image.convert("RGBA")
    pixels = np.asarray(image.convert("RGB"))
    return Photo(np.ascontiguousarray(pixels), exif.tobytes() if len(exif) else None)


def _convert_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).strip().startswith("sRGB"):
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # A damaged profile is no reason to refuse the photo: its numbers are kept.
    return converted if converted is not None else image


def write_photo(
    path: Path, pixels: Pixels, *, exif: bytes | None = None, quality: int = 95
) -> None:
    """Encode uint8 `(H, W, 3)` by the suffix of `path`, atomically; JPEG is 4:4:4 at `quality`."""
    if path.suffix.lower() not in PHOTO_SUFFIXES:
        raise ValueError(f"{path}: expected one of {', '.join(sorted(PHOTO_SUFFIXES))}")
    options: dict[str, Any] = {"exif": exif} if exif else {}
    if path.suffix.lower() in {".jpg", ".jpeg"}:
        options |= {"quality": quality, "subsampling": 0}
    elif path.suffix.lower() == ".webp":
        options |= {"quality": quality}
    with atomic_file(path) as temporary:
        Image.fromarray(pixels).save(temporary, **options)


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 `(H, W, 3)` or `(N, H, W, 3)` → float32 `(N, 3, H, W)` in [0, 1]."""
    batch = torch.from_numpy(pixels if pixels.ndim == 4 else pixels[None])
    return batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format) / 255


def to_pixels(image: Tensor) -> Pixels:
    """Float `(N, 3, H, W)`, clamped to [0, 1] → uint8 `(N, H, W, 3)`, rounded to nearest."""
    levels = (image.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())
