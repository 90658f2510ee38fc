"""Writing a photo in the format of an original, with its metadata and quality."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from wespe.core.files import atomic_file
from wespe.photos import bmp
from wespe.photos.images import AnyPixels, PhotoError
from wespe.photos.originals.deep import deep_png
from wespe.photos.originals.jpeg_like import jpeg_like
from wespe.photos.originals.original import Original
from wespe.photos.originals.png_like import png_like
from wespe.photos.renderings import fresh_xmp, with_size, without_thumbnail
from wespe.photos.tiff.tags import encode_tiff

_QUALITY = 90
"""For lossy WebP, AVIF and HEIC, whose files do not state their quality."""


def write_like(
    path: Path, original: Original, upright: AnyPixels, *, quality: int | None = None
) -> None:
    """Write `upright`, of the type of `original.upright()`, as a file like the original.

    It may have another size: alpha is then made as large, and EXIF states it.

    Keeps its format, bits, orientation, profile, EXIF, XMP, resolution, and of JPEG the
    quantisation tables and the resolution of colours. `quality` (1 to 100) is of JPEG, then 4:4:4,
    lossy WebP and HEIC. Atomic. Raises ValueError for a quality out of range, PhotoError for what
    the format cannot hold, OSError if the disk refuses.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality}")
    layers = original.with_pixels(upright)
    try:
        content = _ENCODERS[original.format](original, layers, quality)
    except (ValueError, OSError) as error:
        raise PhotoError(path, f"cannot be encoded: {error}") from error
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def _jpeg(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    options = dict(original.options)
    # The tables of a CMYK file that became RGB were made for other channels.
    if quality is not None or not original.own_colours:
        options |= {"qtables": None, "quality": quality or 95, "subsampling": 0}
    encoded = _encoded("JPEG", layers, "CMYK", **options)
    return jpeg_like(
        encoded,
        original.content,
        own_colours=original.own_colours,
        size_px=_new_size(original, layers),
    )


def _png(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    deep = layers.dtype != "uint8"
    encoded = deep_png(layers) if deep else _encoded("PNG", layers)
    return png_like(
        encoded,
        original.content,
        own_colours=original.own_colours,
        size_px=_new_size(original, layers),
    )


def _tiff(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    modes = {1: "L", 2: "L", 3: "RGB", 4: "CMYK" if original.alpha is None else "RGB"}
    return encode_tiff(
        layers,
        modes[layers.shape[2]],
        tags=original.options["tags"],
        profile=original.options["icc_profile"] if original.own_colours else None,
        compressed=original.options["compressed"],
    )


def _webp(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    lossless = _is_lossless(original.content)
    # `exact`: colours below full transparency stay too.
    strength = 80 if lossless else quality or _QUALITY  # Without loss it is that of packing.
    blocks = _blocks(original, layers)
    return _encoded("WEBP", layers, exact=True, lossless=lossless, quality=strength, **blocks)


def _heif(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    return _encoded("HEIF", layers, quality=quality or _QUALITY, **_blocks(original, layers))


def _avif(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    # In full resolution, since the file does not state its own.
    colours = "4:4:4"
    return _encoded(
        "AVIF",
        layers,
        quality=quality or _QUALITY,
        subsampling=colours,
        **_blocks(original, layers),
    )


def _bmp(original: Original, layers: AnyPixels, quality: int | None) -> bytes:
    profile, dpi = original.options["icc_profile"], original.options["dpi"]
    if layers.shape[2] == 2:
        layers = layers[..., [0, 0, 0, 1]]  # There is no grey with alpha.
    if layers.shape[2] == 4 or (profile and layers.shape[2] == 3):
        return bmp.encode(layers, profile, dpi)
    return _encoded("BMP", layers, dpi=dpi)


def _blocks(original: Original, layers: AnyPixels) -> dict[str, Any]:
    blocks = dict(original.options)
    if "exif" in blocks:
        exif = without_thumbnail(blocks["exif"])
        blocks["exif"] = with_size(exif, _new_size(original, layers))
    if "xmp" in blocks:
        blocks["xmp"] = fresh_xmp(blocks["xmp"])
    return blocks


def _new_size(original: Original, layers: AnyPixels) -> tuple[int, int] | None:
    """Width and height, where they are others than the original's."""
    if layers.shape[:2] == original.stored.shape[:2]:
        return None
    height, width = layers.shape[:2]
    return width, height


def _encoded(name: str, layers: AnyPixels, four: str = "RGBA", **options: Any) -> bytes:
    """8-bit layers by Pillow: grey, grey with alpha, RGB, or what `four` channels are."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: four}[layers.shape[2]]
    image = Image.frombytes(mode, layers.shape[1::-1], layers.tobytes())
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def _is_lossless(webp: bytes) -> bool:
    """Whether the first picture of a WebP file is coded without loss."""
    place = 12
    while place + 8 <= len(webp):
        kind, size = webp[place : place + 4], int.from_bytes(webp[place + 4 : place + 8], "little")
        if kind in {b"VP8 ", b"VP8L"}:
            return kind == b"VP8L"
        # A frame of an animation holds such a chunk; others are skipped, with padding.
        place += 8 + 16 if kind == b"ANMF" else 8 + size + size % 2
    return False


_ENCODERS: dict[str, Callable[[Original, AnyPixels, int | None], bytes]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": _tiff,
    "WEBP": _webp,
    "BMP": _bmp,
    "AVIF": _avif,
    "HEIF": _heif,
}
