"""TIFF with all its tags: Pillow drops EXIF and GPS where it compresses, and 16-bit colour."""

import io
import zlib

from PIL import TiffImagePlugin as Tiff

from wespe.photos.images import AnyPixels

_DEFLATE = 6
_PHOTOMETRIC = {"L": 1, "RGB": 2, "CMYK": 5}


def encode_tiff(
    layers: AnyPixels,
    mode: str,
    *,
    tags: Tiff.ImageFileDirectory_v2,
    profile: bytes | None,
    compressed: bool,
) -> bytes:
    """uint8 or uint16 `(H, W, C)`, C that of `mode` or one more for alpha, as one strip.

    `tags` are what else there is to say; those of the layout are added to them.
    """
    height, width, channels = layers.shape
    data = layers.astype(layers.dtype.newbyteorder("<"))
    if compressed:
        data[:, 1:] -= data[:, :-1].copy()
        tags[Tiff.PREDICTOR] = 2  # Each value less that of the pixel before it.
    body = zlib.compress(data.data, _DEFLATE) if compressed else data.tobytes()
    tags[Tiff.IMAGEWIDTH], tags[Tiff.IMAGELENGTH] = width, height
    tags[Tiff.BITSPERSAMPLE] = (8 * data.itemsize,) * channels
    tags[Tiff.SAMPLESPERPIXEL] = channels
    tags[Tiff.COMPRESSION] = 8 if compressed else 1
    tags[Tiff.PHOTOMETRIC_INTERPRETATION] = _PHOTOMETRIC[mode]
    if channels > len(mode):
        tags[Tiff.EXTRASAMPLES] = 2  # Alpha, not multiplied in.
    if profile:
        tags[Tiff.ICCPROFILE] = profile
    tags[Tiff.ROWSPERSTRIP] = height
    tags[Tiff.STRIPBYTECOUNTS] = len(body)
    tags[Tiff.STRIPOFFSETS] = 0  # Pillow adds where the directory ends.
    stream = io.BytesIO()
    tags.save(stream)
    stream.write(body)
    return stream.getvalue()
