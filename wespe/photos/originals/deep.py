"""16 bits a channel, which Pillow reads as 8 and does not write in colour."""

import struct
import zlib
from typing import cast

import cv2
import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from wespe.photos.images import AnyPixels
from wespe.photos.modes import ALPHA, Kind
from wespe.photos.originals.png_like import png_chunk, without_animation

# What it complains of becomes a PhotoError; it would print that, too.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
_DEFLATE = 3  # 12 megapixels take a third of the time of level 6, and 4 % more room.


def deep_mode(image: Image.Image) -> str:
    """L or RGB for a file with 16 bits a channel, else nothing; `image` is opened, not loaded."""
    if image.format == "TIFF":
        bits = cast(TiffImagePlugin.TiffImageFile, image).tag_v2.get(
            TiffImagePlugin.BITSPERSAMPLE, ()
        )
        return "" if set(bits) != {16} else "L" if len(bits) < 3 else "RGB"
    if image.format != "PNG":
        return ""
    tiles = cast(ImageFile.ImageFile, image).tile
    # Pillow's name for how the file's bytes lie: RGB;16B, LA;16B, I;16B.
    layout = next((str(tile.args) for tile in tiles if "16" in str(tile.args)), "")
    return "" if not layout else "RGB" if "RGB" in layout else "L"


def read_deep(image: Image.Image, content: bytes) -> AnyPixels:
    """The picture, uint16 `(H, W, C)`: grey or RGB, each with alpha if there is any.

    `image`: the same, opened by Pillow, which knows what OpenCV passes over: grey of which 0 is
    white, a colour that stands for transparency, colours multiplied with alpha. Raises ValueError
    for what OpenCV does not read.
    """
    # Of an animation OpenCV reads another picture than the first.
    content = without_animation(content) if image.format == "PNG" else content
    buffer = np.frombuffer(content, np.uint8)
    try:
        pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(f"OpenCV cannot decode it: {error}") from error
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError("16 bits a channel in a layout that is not known here")
    if pixels.ndim == 3:
        # A channel more need not be alpha.
        count = 3 if _extra(image)[:1] == (0,) else pixels.shape[2]
        layers = np.ascontiguousarray(pixels[..., [2, 1, 0, 3][:count]])
        return _divided(layers) if _is_multiplied(image) else layers
    grey = (65535 - pixels if Kind.of(image).negative else pixels)[..., None]
    if (alpha := image.info.get(ALPHA)) is not None:
        return np.concatenate([grey, alpha[..., None]], axis=2)
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    return np.concatenate([grey, np.where(grey == clear, 0, 65535).astype(np.uint16)], axis=2)


def _is_multiplied(image: Image.Image) -> bool:
    return _extra(image) == (1,)


def _extra(image: Image.Image) -> tuple[int, ...]:
    """What the channels of a TIFF beyond its colours are: 1 and 2 for alpha, 0 for something."""
    return tuple(getattr(image, "tag_v2", {}).get(TiffImagePlugin.EXTRASAMPLES, ()))


def _divided(layers: AnyPixels) -> AnyPixels:
    """RGB that was multiplied with its alpha, the last layer, as it was before."""
    colours, alpha = layers[..., :3].astype(np.uint64), layers[..., 3:].astype(np.uint64)
    straight = np.minimum((colours * 65535 + alpha // 2) // np.maximum(alpha, 1), 65535)
    return np.concatenate([straight.astype(np.uint16), layers[..., 3:]], axis=2)


def deep_png(pixels: AnyPixels) -> bytes:
    """uint16 `(H, W, C)` as a PNG: grey, grey with alpha, RGB, RGB with alpha by C = 1 to 4."""
    height, width, channels = pixels.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = pixels.astype(">u2").view(np.uint8).reshape(height, -1)
    # Filter 1: each byte less the one of the pixel before it.
    filtered = np.ones((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 1:] = rows
    filtered[:, 1 + 2 * channels :] -= rows[:, : -2 * channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(filtered.data, _DEFLATE), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts.items())
