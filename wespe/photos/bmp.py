"""BMP with alpha and a colour profile (version 5 of its header), which Pillow drops.

Source: Microsoft, "BITMAPV5HEADER structure".
"""

import struct

import numpy as np

_FILE_HEADER, _V5_HEADER = 14, 124
_EMBEDDED = 0x4D424544  # "MBED"
_SRGB = 0x73524742
_BITFIELDS = 3
_FOR_PHOTOS = 4  # the rendering intent, perceptual
_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)  # red, green, blue, alpha


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
