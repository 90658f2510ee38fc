"""Photos as sRGB of 8 bits: decoded, encoded, and made smaller.

Between modules a photo is sRGB: uint8 `(H, W, 3)` on disk and in stores, float32
`(N, 3, H, W)` in [0, 1] in front of a network, for which `wespe.photos.tensors` is.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from wespe.core.files import atomic_file
from wespe.photos.modes import Kind, straight
from wespe.photos.opening import PhotoError as PhotoError
from wespe.photos.opening import opened, profile_of
from wespe.photos.srgb import as_srgb

Pixels = NDArray[np.uint8]
AnyPixels = NDArray[Any]
"""uint8, uint16, or float32 in [0, 1]."""
Enhance = Callable[[Pixels], Pixels]

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
FORMATS = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
"""What photos' names end with, in lower case → Pillow's name of the format that this promises."""
PHOTO_SUFFIXES = frozenset(FORMATS)
# Tags that say how a file is laid out (size, orientation, strips, thumbnail, colours), not what
# the photo is: wrong in the file that is written next.
LAYOUT_TAGS = frozenset(
    {*range(254, 270), *range(273, 282), *range(284, 293), 301, *range(317, 348)}
    | {*range(512, 533), 700, 33723, 34377, 34675}
)


@dataclass(frozen=True)
class Photo:
    """An upright sRGB photo, uint8 `(H, W, 3)`, and the EXIF block to keep, if any."""

    pixels: Pixels
    exif: bytes | None


def read_photo(path: Path) -> Photo:
    """Decode a photo: EXIF turn applied, ICC profile converted to sRGB, three channels of 8 bits.

    Transparent parts lie over white. Of a file with several pictures the first counts. Without a
    usable profile the numbers are taken as sRGB. EXIF (also GPS) comes along, other metadata not.
    Raises PhotoError for a file that is missing, empty, truncated, no image, too large (300 MP) or
    of more than 16 bits a channel, whose range no standard fixes.
    """
    with opened(path) as image:
        kind = Kind.of(image)
        image.load()
        try:
            upright = straight(ImageOps.exif_transpose(image), kind)
        except ValueError as error:
            raise PhotoError(path, str(error)) from error
        pixels = np.array(as_srgb(_without_alpha(_eight_bit(upright)), profile_of(path, image)))
        return Photo(pixels, _kept_exif(image.getexif(), upright.size))


def photo_size(path: Path) -> tuple[int, int]:
    """Width and height in px of the upright photo. Raises PhotoError.

    Reads only the header, except for PNG, whose EXIF may come last. A file that passes may still
    have damaged pixels.
    """
    with opened(path) as image:
        # Pillow turns TIFF itself, and its header too.
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        turned = image.format != "TIFF" and orientation in {5, 6, 7, 8}
        return (image.height, image.width) if turned else (image.width, image.height)


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit grey, which Pillow would clip, as 8-bit grey; it reduces 16-bit RGB itself."""
    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _without_alpha(image: Image.Image) -> Image.Image:
    """A `straight` image in L, RGB or CMYK, transparent parts over white."""
    if image.mode not in {"LA", "RGBA"}:
        return image
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("L" if image.mode == "LA" else "RGB")


def _kept_exif(exif: Image.Exif, size: tuple[int, int]) -> bytes | None:
    """The EXIF block for an upright sRGB file of `size` (width, height); None if there is none."""
    for tag in LAYOUT_TAGS.intersection(exif):
        del exif[tag]
    if not len(exif):
        return None
    if ExifTags.IFD.Exif in exif:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        facts = {
            ExifTags.Base.ColorSpace: 1,  # sRGB
            ExifTags.Base.ExifImageWidth: size[0],
            ExifTags.Base.ExifImageHeight: size[1],
        }
        details.update({tag: value for tag, value in facts.items() if tag in details})
    try:
        return exif.tobytes()
    except (TypeError, AttributeError, ValueError, struct.error):
        return None  # Too damaged to be written again.


def write_photo(
    path: Path, pixels: Pixels, *, exif: bytes | None = None, quality: int = 95
) -> None:
    """Encode uint8 `(H, W, 3)` by the suffix of `path`, atomically.

    `quality` (1 to 100) is of JPEG, which is 4:4:4, and of WebP. BMP cannot hold `exif`.
    Raises ValueError for a suffix of no format, or of HEIF, or a quality out of range,
    PhotoError for what the format cannot hold (WebP ends at 16383 px, EXIF in JPEG at 64 kB),
    OSError if the disk refuses.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality}")
    kind = FORMATS.get(path.suffix.lower(), "HEIF")
    if kind == "HEIF":
        expected = sorted(PHOTO_SUFFIXES.difference(_SUFFIXES["HEIF"]))
        raise ValueError(f"{path}: expected one of {', '.join(expected)}")
    options: dict[str, Any] = {"exif": exif} if exif else {}
    if kind in {"JPEG", "WEBP"}:
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0
    with atomic_file(path) as temporary:
        try:
            Image.fromarray(pixels).save(temporary, **options)
        except ValueError as error:
            raise PhotoError(path, f"cannot be encoded: {error}") from error


def shrunk(pixels: Pixels, longest_px: int) -> Pixels:
    """uint8 `(H, W, 3)`, the longer side at most `longest_px`; a smaller photo as it is."""
    height, width = pixels.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
