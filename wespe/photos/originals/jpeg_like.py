"""What a JPEG contains beside its pixels: carried over as it is, byte for byte where possible.

Source of XMP in several segments: Adobe, "XMP Specification Part 3", 1.1.3.1.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence

from wespe.photos.jpeg import header_end, picture_end, segment, segments
from wespe.photos.originals.gain_map import ISO_GAIN_MAP, XMP, gain_map, listing
from wespe.photos.renderings import (
    fresh_xmp,
    with_size,
    without_photoshop_thumbnails,
    without_thumbnail,
)

_APP0, _APP1, _APP2, _APP11, _APP13, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xFE
# All but profiles and further pictures (APP2), credentials (APP11) and the coding (APP14).
_KEPT = frozenset({*range(0xE0, 0xF0), _COMMENT} - {_APP2, _APP11, 0xEE})
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP = b"Photoshop 3.0\0"
_SEGMENT_BYTES = 65000


def jpeg_like(
    encoded: bytes,
    source: bytes,
    *,
    own_colours: bool,
    size_px: tuple[int, int] | None = None,
) -> bytes:
    """A JPEG with what another has beside its picture: resolution, EXIF, XMP, ICC profile, IPTC,
    comments, the gain map for HDR screens, the video of a motion photo.

    `size_px`: width and height where they are others than the source's. `own_colours`: whether the
    profile still holds. What lists other pictures of the file is left
    out, since they are not written.
    """
    boosting = gain_map(source)
    kept = [
        part
        for marker, part in segments(source)
        if _is_kept(marker, part[4:], own_colours, bool(boosting))
    ]
    body = [
        part for marker, part in segments(encoded) if marker not in {_APP0, _APP1, _APP2, _COMMENT}
    ]
    header = b"\xff\xd8" + b"".join(_fresh(kept, gain_map=bool(boosting), size_px=size_px))
    picture = b"".join(body) + encoded[header_end(encoded) :]
    if boosting:
        header += listing(len(header), len(picture), len(boosting))
    return header + picture + (boosting or b"") + motion_video(source)


def motion_video(jpeg: bytes) -> bytes:
    """What lies behind the picture of a motion photo; nothing where there is no video.

    Its place is measured from the end of the file, so that it can be put behind another picture.
    Pictures between the two are left out.
    """
    end = picture_end(jpeg)
    if end is None:
        return b""
    behind = jpeg[end:]
    start = behind.find(b"ftyp") - 4
    if start < 0:
        return b""
    return behind[start:] if behind.startswith(b"\xff\xd8") else behind


def packets(content: bytes) -> Iterator[bytes]:
    """The XMP of a JPEG: the packet, and what continues it in further segments."""
    parts = [part for marker, part in segments(content) if marker == _APP1]
    yield from (part[4 + len(XMP) :] for part in parts if part[4:].startswith(XMP))
    yield from (packet for _, packet in _continued(parts).values())


def resources(content: bytes) -> bytes:
    """Photoshop's image resources, which may go on from one segment to the next."""
    parts = (part[4:] for marker, part in segments(content) if marker == _APP13)
    return b"".join(part[len(PHOTOSHOP) :] for part in parts if part.startswith(PHOTOSHOP))


def has_credentials(content: bytes) -> bool:
    """Whether a JPEG has content credentials, which sign the picture as it was.

    Source: C2PA, technical specification, A.3.1.
    """
    return any(
        marker == _APP11 and part[4:].startswith(b"JP") for marker, part in segments(content)
    )


def _is_kept(marker: int, payload: bytes, own_colours: bool, boosted: bool) -> bool:
    if marker == _APP2:
        profile = own_colours and payload.startswith(b"ICC_PROFILE\0")
        return profile or (boosted and payload.startswith(ISO_GAIN_MAP))
    return marker in _KEPT and not payload.startswith((b"JFXX\0", b"SPIFF\0"))


def _fresh(
    parts: Sequence[bytes], *, gain_map: bool, size_px: tuple[int, int] | None
) -> Iterator[bytes]:
    """The segments of a header without what shows the old picture."""
    of_photoshop = [part for part in parts if part[4:].startswith(PHOTOSHOP)]
    renamed = {
        old: (name, packet)
        for old, (name, packet) in _continued(parts, fresh=True).items()
        if name != old
    }
    written = dict(renamed)
    for part in parts:
        payload = part[4:]
        if payload.startswith(b"Exif\0\0"):
            yield part[:4] + with_size(without_thumbnail(payload), size_px)
        elif payload.startswith(XMP):
            packet = fresh_xmp(payload, gain_map=gain_map)
            for old, (name, _) in renamed.items():
                packet = packet.replace(old, name)
            yield segment(_APP1, packet)
        elif part in of_photoshop:
            if part is of_photoshop[0]:
                yield from _photoshop_segments(of_photoshop)
        elif payload.startswith(_MORE_XMP) and _name(payload) in renamed:
            yield from _xmp_segments(*written.pop(_name(payload), (b"", b"")))
        else:
            yield part


def _continued(parts: Sequence[bytes], *, fresh: bool = False) -> dict[bytes, tuple[bytes, bytes]]:
    """What continues an XMP packet: its name in the file → its name, which is its hash, and bytes.

    `fresh`: as `fresh_xmp` has it. Those of which a piece is missing are left out.
    """
    pieces: dict[bytes, dict[int, bytes]] = {}
    sizes: dict[bytes, int] = {}
    head = len(_MORE_XMP)
    for payload in (part[4:] for part in parts):
        if payload.startswith(_MORE_XMP) and len(payload) >= head + 40:
            size, start = struct.unpack_from(">II", payload, head + 32)
            sizes[_name(payload)] = size
            pieces.setdefault(_name(payload), {})[start] = payload[head + 40 :]
    found = {}
    for name, placed in pieces.items():
        packet = b"".join(placed[start] for start in sorted(placed))
        if len(packet) != sizes[name]:
            continue
        now = fresh_xmp(packet) if fresh else packet
        hashed = hashlib.md5(now, usedforsecurity=False).hexdigest().upper().encode()
        found[name] = (name if now == packet else hashed, now)
    return found


def _xmp_segments(name: bytes, packet: bytes) -> Iterator[bytes]:
    for start in range(0, len(packet), _SEGMENT_BYTES):
        head = _MORE_XMP + name + struct.pack(">II", len(packet), start)
        yield segment(_APP1, head + packet[start : start + _SEGMENT_BYTES])


def _name(payload: bytes) -> bytes:
    return payload[len(_MORE_XMP) : len(_MORE_XMP) + 32]


def _photoshop_segments(parts: Sequence[bytes]) -> Iterator[bytes]:
    """Image resources without thumbnails."""
    whole = b"".join(part[4 + len(PHOTOSHOP) :] for part in parts)
    fresh = without_photoshop_thumbnails(whole)
    if fresh == whole:
        yield from parts
        return
    for place in range(0, len(fresh), _SEGMENT_BYTES):
        yield segment(_APP13, PHOTOSHOP + fresh[place : place + _SEGMENT_BYTES])
