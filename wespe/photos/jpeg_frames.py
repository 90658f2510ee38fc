"""Frames of a live picture as JPEG, in memory alone."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from wespe.photos.images import Pixels

_QUALITY = 88


def decode_frame(content: bytes, *, largest_px: int) -> Pixels:
    """A JPEG as uint8 `(H, W, 3)`, its numbers taken as sRGB.

    Raises ValueError, in words for who sent it, for anything else, and for more than `largest_px`
    pixels, before they are decoded.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            if image.width * image.height > largest_px:
                raise ValueError(
                    f"expected a frame of at most {largest_px / 1e6:g} megapixels, got "
                    f"{image.width}×{image.height} px"
                )
            return np.array(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("expected a frame as JPEG, got something else or a part of one") from error


def encode_frame(pixels: Pixels) -> bytes:
    """uint8 `(H, W, 3)` as JPEG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
