"""Opening photo files: whatever one of them makes a decoder do becomes a PhotoError."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from PIL import Image, ImageFile, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from wespe.photos import bmp
from wespe.photos.cicp import HEADER_BYTES, CodePoints, stated
from wespe.photos.heif import is_heif, know_heif
from wespe.photos.modes import ALPHA
from wespe.photos.tiff import plain as tiff
from wespe.photos.tiff.layouts import described as tiff_described
from wespe.photos.unread import unidentified

# Pillow refuses twice as many pixels as a decompression bomb. Phones make photos of 200 MP.
Image.MAX_IMAGE_PIXELS = 150_000_000
# What it complains of goes into the words of a PhotoError; else Python prints it.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Of compressed text and of a profile Pillow takes 1 MB each, less than some programs write. That
# all texts of a PNG together are 64 MB at most stays.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
DAMAGED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, struct.error),
    *(RuntimeError, LookupError, ArithmeticError, zlib.error),
)
"""What decoders raise where a file is damaged, or holds what they do not know."""


class PhotoError(ValueError):
    """A file that cannot be used as a photo; the message names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def content_of(path: Path, image: Image.Image) -> bytes:
    """The bytes that `image`, as `opened` gives it, is read from; it is not loaded yet."""
    stream = cast(ImageFile.ImageFile, image).fp
    return stream.getvalue() if isinstance(stream, io.BytesIO) else path.read_bytes()


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The opened file; whatever its content makes Pillow raise becomes a PhotoError."""
    # Pillow warns of damaged metadata and of half its size limit; pixels are what counts.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if path.is_fifo():  # Opening it would wait for a writer for ever.
                raise PhotoError(path, "a pipe, expected a photo")
            if is_heif(path):
                know_heif()
            rewritten, alpha = tiff.plain(path) or (bmp.plain(path), None)
            with Image.open(io.BytesIO(rewritten) if rewritten else path) as image:
                if alpha is not None:
                    image.info[ALPHA] = alpha
                _check_planes(path, image)
                if (points := _code_points(path, image)) and points.hdr:
                    raise PhotoError(
                        path, f"HDR ({points.hdr}), which no network here knows: convert it to SDR"
                    )
                yield image
        except PhotoError:
            raise
        except (Image.DecompressionBombError, *DAMAGED) as error:
            raise PhotoError(path, _reason(path, error)) from error


def _reason(path: Path, error: Exception) -> str:
    """Why a file cannot be used, in words."""
    if isinstance(error, UnidentifiedImageError):
        try:
            return unidentified(path)
        except DAMAGED as other:
            return f"damaged: {other}"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "a folder, expected a photo"
    if isinstance(error, Image.DecompressionBombError):
        return f"larger than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} MP"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # Of the system, not of the decoder.
    if "decoder error" in str(error):  # A number is all that Pillow says.
        return "cannot be decoded: its pixels are damaged, or coded in a way that is not known here"
    told = isinstance(error, OSError | SyntaxError | ValueError | RuntimeError) and str(error)
    return f"cannot be decoded: {told or 'it is damaged'}"


def _check_planes(path: Path, image: Image.Image) -> None:
    """Raise PhotoError for planes of 16 bits, which Pillow and OpenCV read as noise, and for
    numbers with a sign, which Pillow reads as if they had none."""
    tags = getattr(image, "tag_v2", {})
    if 2 in tags.get(TiffImagePlugin.SAMPLEFORMAT, ()):
        raise PhotoError(path, tiff_described(path))
    in_planes = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    if in_planes and max(tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) > 8:
        raise PhotoError(path, "a TIFF with a plane of 16 bits for each channel, expected one")


def profile_of(path: Path, image: Image.Image) -> bytes | None:
    """The ICC profile of an opened file; Pillow passes over that of a BMP, and over code points."""
    if image.format == "BMP":
        return bmp.profile(path.read_bytes())
    profile: bytes | None = image.info.get("icc_profile")
    # In a PNG they come before a profile, in HEIF and AVIF behind it.
    points = None if profile and image.format != "PNG" else _code_points(path, image)
    return points.profile() if points else profile


def _code_points(path: Path, image: Image.Image) -> CodePoints | None:
    if image.format not in {"PNG", "HEIF", "AVIF"}:
        return None
    with path.open("rb") as stream:
        return stated(image.format, stream.read(HEADER_BYTES))
