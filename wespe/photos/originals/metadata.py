"""What a file contains beside its pixels: carried over as it is, byte for byte where possible."""

import re
import struct
from collections.abc import Iterator, Sequence

from PIL import Image

from wespe.photos.renderings import (
    ISO_GAIN_MAP,
    fresh_xmp,
    has_depth_map,
    has_gain_map,
    without_photoshop_thumbnails,
)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Of the picture, not of its encoding: colours, resolution, EXIF, text, time.
_PNG_KEPT = frozenset(
    {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"eXIf"}
    | {b"tEXt", b"zTXt", b"iTXt", b"tIME"}
)
_PNG_COLOURS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
_APP0, _APP1, _APP2, _APP13, _COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_APP11 = 0xEB
# All but profiles and further pictures (APP2), credentials (APP11) and the coding (APP14).
_KEPT = frozenset({*range(0xE0, 0xF0), _COMMENT} - {_APP2, _APP11, 0xEE})
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_SEGMENT_BYTES = 65000
# Any but those within a scan.
_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")


def without_thumbnail(exif: bytes) -> bytes:
    """An EXIF block (with or without its `Exif` mark) that shows no thumbnail: it has the old look.

    The directory of the thumbnail is unlinked; all else stays where it is, so that what refers to
    places, as makers' notes do, stays right.
    """
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[start : start + 2])
    if order is None:
        return exif
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, start + 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start + first)
    except struct.error:
        return exif
    link = start + first + 2 + 12 * count
    return exif[:link] + bytes(4) + exif[link + 4 :] if link + 4 <= len(exif) else exif


def jpeg_like(encoded: bytes, source: bytes, *, own_colours: bool) -> bytes:
    """A JPEG with what another has beside its picture: resolution, EXIF, XMP, ICC profile, IPTC,
    comments, the video of a motion photo.

    `own_colours`: whether the profile still holds. What lists further pictures of the file is left
    out, since they are not written.
    """
    kept = [
        segment
        for marker, segment in _jpeg_segments(source)
        if _is_kept(marker, segment[4:], own_colours)
    ]
    body = [
        (marker, segment)
        for marker, segment in _jpeg_segments(encoded)
        if marker not in {_APP0, _APP1, _APP2, _COMMENT}
    ]
    header = b"\xff\xd8" + b"".join(_fresh(kept))
    picture = b"".join(segment for _, segment in body) + encoded[_header_end(encoded) :]
    return header + picture + motion_video(source)


def motion_video(jpeg: bytes) -> bytes:
    """What lies behind the picture of a motion photo; nothing where there is no video.

    Its place is measured from the end of the file, so that it can be put behind another picture. A
    second picture between the two is left out.
    """
    place = 2
    while found := _MARKER.search(jpeg, place):
        if found[0] == b"\xff\xd9":
            behind = jpeg[found.end() :]
            start = behind.find(b"ftyp") - 4
            if start < 0:
                return b""
            return behind[start:] if behind.startswith(b"\xff\xd8") else behind
        place = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2])
    return b""


def _is_kept(marker: int, payload: bytes, own_colours: bool) -> bool:
    if marker == _APP2:
        return own_colours and payload.startswith(b"ICC_PROFILE\0")
    return marker in _KEPT and not payload.startswith((b"JFXX\0", b"SPIFF\0"))


def gain_map_of(image: Image.Image, content: bytes) -> bool:
    """Whether an opened photo has a gain map for HDR screens, which no enhanced photo keeps."""
    if image.format in {"JPEG", "MPO"}:
        return any(
            (marker == _APP1 and segment[4:].startswith(_XMP) and has_gain_map(segment))
            or (marker == _APP2 and segment[4:].startswith(ISO_GAIN_MAP))
            for marker, segment in _jpeg_segments(content)
        )
    return any("hdrgainmap" in str(kind) for kind in image.info.get("aux", {}))


def depth_map_of(image: Image.Image, content: bytes) -> bool:
    """Whether an opened photo has a depth map that is a picture of its own, which is not kept."""
    if image.format in {"JPEG", "MPO"}:
        return any(
            marker == _APP1 and segment[4:].startswith(_XMP) and has_depth_map(segment)
            for marker, segment in _jpeg_segments(content)
        )
    return bool(image.info.get("depth_images"))


def others_of(image: Image.Image) -> list[str]:
    """The kinds of auxiliary pictures of a HEIC beside gain map, depth and alpha, such as mattes.

    By the last part of their names: urn:com:apple:photo:2018:aux:portraiteffectsmatte.
    """
    kinds = [str(kind) for kind in image.info.get("aux", {})]
    return [kind.rpartition(":")[2] for kind in kinds if "hdrgainmap" not in kind]


def has_credentials(content: bytes) -> bool:
    """Whether a JPEG has content credentials, which sign the picture as it was.

    Source: C2PA, technical specification, A.3.1.
    """
    return any(
        marker == _APP11 and segment[4:].startswith(b"JP")
        for marker, segment in _jpeg_segments(content)
    )


def _fresh(segments: Sequence[bytes]) -> Iterator[bytes]:
    """The segments of a header without what shows the old picture."""
    resources = [part for part in segments if part[4:].startswith(_PHOTOSHOP)]
    for segment in segments:
        payload = segment[4:]
        if payload.startswith(b"Exif\0\0"):
            yield segment[:4] + without_thumbnail(payload)
        elif payload.startswith(_XMP):
            fresh = fresh_xmp(payload)
            yield segment[:2] + (len(fresh) + 2).to_bytes(2) + fresh
        elif segment in resources:
            if segment is resources[0]:
                yield from _photoshop_segments(resources)
        else:
            yield segment


def _photoshop_segments(segments: Sequence[bytes]) -> Iterator[bytes]:
    """Image resources, which may go on from one segment to the next, without thumbnails."""
    whole = b"".join(segment[4 + len(_PHOTOSHOP) :] for segment in segments)
    fresh = without_photoshop_thumbnails(whole)
    if fresh == whole:
        yield from segments
        return
    for place in range(0, len(fresh), _SEGMENT_BYTES):
        payload = _PHOTOSHOP + fresh[place : place + _SEGMENT_BYTES]
        yield b"\xff\xed" + (len(payload) + 2).to_bytes(2) + payload


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the bytes of each segment before the first scan."""
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return
        marker = content[place + 1]
        if marker == 0xFF:  # A filling byte.
            place += 1
            continue
        if marker == 0xDA:
            return
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        yield marker, content[place:end]
        place = end


def _header_end(content: bytes) -> int:
    return 2 + sum(len(segment) for _, segment in _jpeg_segments(content))


def png_like(encoded: bytes, source: bytes, *, own_colours: bool) -> bytes:
    """A PNG with the metadata of another: resolution, EXIF, text, time, colours.

    `own_colours`: whether what it states about its colours still holds.
    """
    kept = _PNG_KEPT if own_colours else _PNG_KEPT - _PNG_COLOURS
    chunks = []
    for kind, body in _png_chunks(source):
        if kind in kept:
            body = without_thumbnail(body) if kind == b"eXIf" else body
            chunks.append(png_chunk(kind, body))
    head = len(_PNG_SIGNATURE) + 25  # The header chunk comes first and has one size.
    return encoded[:head] + b"".join(chunks) + encoded[head:]


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_SIGNATURE)
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        place += 12 + size


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file."""
    from zlib import crc32

    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))
