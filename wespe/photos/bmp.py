"""BMP with channels of any bits, alpha and a colour profile, of which Pillow drops much.

Source: Microsoft, "BITMAPINFOHEADER structure" and "BITMAPV5HEADER structure".
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_FILE_HEADER, _V5_HEADER = 14, 124
_EMBEDDED = 0x4D424544  # "MBED"
_SRGB = 0x73524742
_BITFIELDS = 3
_RAW, _ALPHA_BITFIELDS = 0, 6
_FOR_PHOTOS = 4  # the rendering intent, perceptual
_HEADERS = frozenset({40, 52, 56, 64, 108, 124})
_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)  # red, green, blue, alpha


@dataclass(frozen=True)
class Fields:
    """How the pixels of a BMP lie whose channels are bits of a number, as its masks say."""

    width: int
    height: int
    downwards: bool
    bits: int
    """Of a pixel, 16 or 32."""
    masks: tuple[int, int, int, int]
    """Red, green, blue, and alpha, 0 for none."""
    start: int
    dpi: tuple[float, float]

    @classmethod
    def of(cls, head: bytes) -> Self | None:
        """By the beginning of a file; None for what is no such BMP. Raises struct.error."""
        if not head.startswith(b"BM"):
            return None
        start, size = struct.unpack_from("<II", head, 10)
        if size not in _HEADERS:
            return None
        width, height, _, bits, coding, _, *per_metre = struct.unpack_from("<iiHHIIii", head, 18)
        with_alpha = size >= 56 or coding == _ALPHA_BITFIELDS
        masks = struct.unpack_from("<4I" if with_alpha else "<3I", head, 54)
        red, green, blue, alpha = (*masks, 0)[:4]
        if coding == _RAW and bits == 32 and alpha and size >= 56:
            red, green, blue = _MASKS[:3]  # Stated though they need not be.
        elif coding not in {_BITFIELDS, _ALPHA_BITFIELDS} or not red or not green or not blue:
            return None
        if bits not in {16, 32} or width <= 0 or not height:
            return None
        x, y = (value * 0.0254 for value in per_metre)
        masks = red, green, blue, alpha
        return cls(width, abs(height), height < 0, bits, masks, start, (x, y))

    @property
    def note(self) -> str:
        """What becomes of its channels, in words; nothing where nobody misses it."""
        most = max(mask.bit_count() for mask in self.masks)
        return f"{most} bits reduced to 8" if most > 8 else ""


def fields(path: Path) -> Fields | None:
    """The `Fields` of a file, if it is a BMP that has some."""
    with path.open("rb") as stream:
        head = stream.read(_FILE_HEADER + _V5_HEADER)
    try:
        return Fields.of(head)
    except struct.error:
        return None


def plain(path: Path) -> bytes | None:
    """The file at `path` as a BMP with a byte for each channel; None for one that needs no such.

    Pillow knows a few masks, and no alpha among 16 bits. Raises ValueError for a truncated file.
    """
    found = fields(path)
    if found is None:
        return None
    content = path.read_bytes()
    stride = -(-found.width * found.bits // 32) * 4
    if len(content) < found.start + stride * found.height:
        raise ValueError("image file is truncated")
    raw = np.frombuffer(content, np.uint8, stride * found.height, found.start)
    numbers = raw.reshape(found.height, stride).view(f"<u{found.bits // 8}")[:, : found.width]
    masks = found.masks if found.masks[3] else found.masks[:3]
    layers = np.stack([_channel(numbers, mask) for mask in masks], axis=-1)
    return encode(layers if found.downwards else layers[::-1], profile(content), found.dpi)


def _channel(numbers: NDArray[Any], mask: int) -> NDArray[np.uint8]:
    """The bits of a mask, over the range of 8."""
    lowest = (mask & -mask).bit_length() - 1
    largest = mask >> lowest
    values = ((numbers & mask) >> lowest).astype(np.uint64)
    return ((values * 255 + largest // 2) // largest).astype(np.uint8)


def profile(content: bytes) -> bytes | None:
    """The ICC profile in a BMP file, if there is one."""
    if len(content) < _FILE_HEADER + _V5_HEADER:
        return None
    (size,) = struct.unpack_from("<I", content, _FILE_HEADER)
    if size < _V5_HEADER:
        return None
    (space,) = struct.unpack_from("<I", content, _FILE_HEADER + 56)
    start, length = struct.unpack_from("<II", content, _FILE_HEADER + 112)
    found = content[_FILE_HEADER + start : _FILE_HEADER + start + length]
    return found if space == _EMBEDDED and length and len(found) == length else None


def encode(
    layers: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    profile: bytes | None,
    dpi: tuple[float, float],
) -> bytes:
    """uint8 RGB or RGBA, `(H, W, 3 or 4)`, as an uncompressed BMP; `profile` where there is one."""
    height, width, channels = layers.shape
    bottom_up = layers[::-1, :, [2, 1, 0, 3][:channels]]
    padding = -width * channels % 4
    rows = np.pad(bottom_up.reshape(height, -1), ((0, 0), (0, padding)))
    body, start = rows.tobytes(), _FILE_HEADER + _V5_HEADER
    per_metre = [round(value / 0.0254) for value in dpi]
    where = (_V5_HEADER + len(body), len(profile)) if profile else (0, 0)
    header = struct.pack(
        "<IiiHHIIiiII4II48xIIII",
        *(_V5_HEADER, width, height, 1, 8 * channels, _BITFIELDS if channels == 4 else 0),
        *(len(body), *per_metre, 0, 0),
        *(_MASKS if channels == 4 else (0, 0, 0, 0)),
        *(_EMBEDDED if profile else _SRGB, _FOR_PHOTOS, *where, 0),
    )
    size = start + len(body) + len(profile or b"")
    return struct.pack("<2sIII", b"BM", size, 0, start) + header + body + (profile or b"")
