"""Gain maps of JPEG, by which screens of more brightness show a photo as HDR.

The map is a small JPEG behind the picture. It says by what factor each place is brighter than in
the picture, so it fits a picture of the same scene at any size, whatever its colours.

Sources: Google, "Ultra HDR Image Format v1.1"; ISO 21496-1; CIPA DC-007-2009 (multi-picture
format).
"""

import struct

from wespe.photos.jpeg import pictures_behind, segment, segments

XMP = b"http://ns.adobe.com/xap/1.0/\0"
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
_NAMES = (b"http://ns.adobe.com/hdr-gain-map/", b"aux:hdrgainmap")
_APP1, _APP2 = 0xE1, 0xE2
_PRIMARY = 0x030000  # The first of several pictures, a JPEG.


def gain_map(content: bytes) -> bytes | None:
    """The gain map of a JPEG, a whole JPEG by itself; None where there is none."""
    for picture in pictures_behind(content):
        for marker, part in segments(picture):
            payload = part[4:]
            named = payload.startswith(XMP) and any(name in payload for name in _NAMES)
            if (marker == _APP1 and named) or (
                marker == _APP2 and payload.startswith(ISO_GAIN_MAP)
            ):
                return picture
    return None


def listing(header_bytes: int, picture_bytes: int, map_bytes: int) -> bytes:
    """The segment that says where picture and map are, to stand behind the first `header_bytes`.

    `picture_bytes` are those from there to the end of the picture, without this segment.
    """
    directory_bytes = 2 + 3 * 12 + 4
    size = 4 + 4 + 8 + directory_bytes + 2 * 16
    # Places count from this segment's own TIFF header.
    behind = size - 8 + picture_bytes
    entries = struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    entries += struct.pack(">HHII", 0xB001, 4, 1, 2)
    entries += struct.pack(">HHII", 0xB002, 7, 32, 8 + directory_bytes)
    pictures = struct.pack(">IIIHH", _PRIMARY, header_bytes + size + picture_bytes, 0, 0, 0)
    pictures += struct.pack(">IIIHH", 0, map_bytes, behind, 0, 0)
    table = b"MM\0*" + struct.pack(">IH", 8, 3) + entries + bytes(4) + pictures
    return segment(_APP2, b"MPF\0" + table)
