"""Every kind of pixels that Pillow has, as one of a few that the rest of the package knows.

Pillow converts between most of its modes, and clips, drops or misreads what it does not foresee. So
each mode is converted here knowingly, and one that is not known is refused.
"""

from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, TiffImagePlugin

ALPHA = "wespe.alpha"
"""Under which `info` of an opened picture has the alpha of 16-bit grey, uint16 `(H, W)`, for which
Pillow has no mode."""
_SRGB = ImageCms.createProfile("sRGB")
_STRAIGHT = {
    **{"P": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"},
    **{"PA": "RGBA", "RGBa": "RGBA", "La": "LA"},
    **{mode: mode for mode in ("L", "LA", "RGB", "RGBA", "CMYK")},
}


@dataclass(frozen=True)
class Kind:
    """What of a file decides how its pixels are read, and is gone once they are loaded."""

    format: str
    bits: int
    """Bits of a channel, if Pillow reports them, else 8."""
    negative: bool
    """Whether 0 is white: of a TIFF with 16 bits, which Pillow leaves so."""
    in_planes: bool
    """Whether each channel lies by itself: of a TIFF."""

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        """The kind of an opened file, which is not loaded yet."""
        tags = getattr(image, "tag_v2", {})
        photometric = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION)
        return cls(
            str(image.format),
            _bits(image),
            negative=image.mode.startswith("I;16") and photometric == 0,
            in_planes=tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2,
        )


def straight(image: Image.Image, kind: Kind) -> Image.Image:
    """The loaded `image` in L, LA, RGB, RGBA or CMYK, or with 16 bits of opaque grey in I;16.

    Palettes, Lab and rare modes become RGB, bitmaps grey; 16-bit grey has its full range, and 0 is
    black. A colour that stands for transparency becomes an alpha channel. Raises ValueError for a
    mode that cannot be converted without loss of what it shows.
    """
    mode = image.mode
    if mode == "F":
        raise ValueError("floating-point numbers, expected integers of 8 or 16 bits a channel")
    if mode == "I":
        raise ValueError("32 bits a channel, expected 8 or 16")
    if mode == "La" and kind.in_planes:  # Pillow reads its alpha as zeros.
        raise ValueError("a TIFF with a plane of grey and one of alpha, expected one of both")
    if mode.startswith("I;16"):
        grey, alpha = _full_range(image, kind), image.info.get(ALPHA)
        if alpha is None:
            return Image.fromarray(grey)
        eight = (np.stack([grey, alpha], axis=-1) >> 8).astype(np.uint8)
        return Image.fromarray(eight, "LA")
    if mode == "LAB":
        converted = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), _SRGB, outputMode="RGB"
        )
        assert converted is not None
        return converted
    if mode in {"1", "L"}:
        return _grey(image, kind)
    if mode in {"P", "RGB"} and image.has_transparency_data:
        return image.convert("RGBA")
    if mode == "RGBA" and kind.format == "BMP" and not np.asarray(image)[..., 3].any():
        return image.convert("RGB")  # Programs that know no alpha leave zeros there.
    if mode not in _STRAIGHT:
        raise ValueError(f"pixels of a kind that is not known here, {mode}")
    return image if _STRAIGHT[mode] == mode else image.convert(_STRAIGHT[mode])


def _bits(image: Image.Image) -> int:
    tags = getattr(image, "tag_v2", {})
    if TiffImagePlugin.BITSPERSAMPLE in tags:
        return int(max(tags[TiffImagePlugin.BITSPERSAMPLE]))
    if "bit_depth" in image.info:
        return int(image.info["bit_depth"])
    if image.format == "AVIF":
        return _avif_bits(cast(ImageFile.ImageFile, image))
    if image.format != "PNG":
        return 8
    # Pillow's name for how the bytes lie: L;4, RGB;16B, I;16B, 1.
    tiles = cast(ImageFile.ImageFile, image).tile
    layout = str(tiles[0].args) if tiles else ""
    known = {";16": 16, ";4": 4, ";2": 2, ";1": 1}
    return next((bits for name, bits in known.items() if name in layout), 8)


def _avif_bits(image: ImageFile.ImageFile) -> int:
    """By its codec's configuration; Pillow reduces to 8. Source: AV1-ISOBMFF, section 2.3.3."""
    assert image.fp is not None  # The file is open: nothing has been loaded.
    image.fp.seek(0)
    head = image.fp.read(4096)
    place = head.find(b"av1C")
    if place < 0 or len(head) < place + 7 or not head[place + 6] & 0x40:
        return 8
    return 12 if head[place + 6] & 0x20 else 10


def _full_range(image: Image.Image, kind: Kind) -> NDArray[np.uint16]:
    """16-bit grey, `(H, W)`, of which 65535 is white; TIFF has 12 bits in 16."""
    grey: NDArray[Any] = np.asarray(image).astype(np.uint32)
    if kind.format == "TIFF" and 8 < kind.bits < 16:
        grey = (grey << (16 - kind.bits)) | (grey >> (2 * kind.bits - 16))
    return (65535 - grey if kind.negative else grey).astype(np.uint16)


def _grey(image: Image.Image, kind: Kind) -> Image.Image:
    """L, or LA where a level stands for transparency; Pillow gives it in the file's own bits."""
    levels, clear = np.asarray(image.convert("L")), image.info.get("transparency")
    if not isinstance(clear, int):
        return Image.fromarray(levels)
    # What 4 bits count to 15 is 255 in L; of a bitmap Pillow says so itself.
    largest = 255 if image.mode == "1" else 2 ** min(kind.bits, 8) - 1
    alpha = np.where(levels == clear * (255 // largest), 0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([levels, alpha], axis=-1), "LA")
