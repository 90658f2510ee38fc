"""What a PNG contains beside its pixels: carried over as it is.

Source: PNG, third edition, 5.4 (which chunks are safe to copy), and 11.3.
"""

import struct
import zlib
from collections.abc import Iterator

from wespe.photos.renderings import fresh_xmp, with_size, without_thumbnail

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
# Of the picture and not of its encoding, though their names do not say so: see `_is_kept`.
_OF_THE_PICTURE = _COLOURS | {b"tIME", b"oFFs", b"sCAL"}
_CREDENTIALS = b"caBX"
_OF_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_XMP = b"XML:com.adobe.xmp\0"


def png_like(
    encoded: bytes,
    source: bytes,
    *,
    own_colours: bool,
    size_px: tuple[int, int] | None = None,
) -> bytes:
    """A PNG with the metadata of another: resolution, EXIF, text, time, colours.

    `size_px`: width and height where they are others than the source's. `own_colours`: whether what
    it states about its colours still holds.
    """
    chunks = [
        png_chunk(kind, _fresh(kind, body, size_px))
        for kind, body in _chunks(source)
        if _is_kept(kind) and (own_colours or kind not in _COLOURS)
    ]
    head = len(_SIGNATURE) + 25  # The header chunk comes first and has one size.
    return encoded[:head] + b"".join(chunks) + encoded[head:]


def has_credentials(content: bytes) -> bool:
    """Whether a PNG has content credentials, which sign the picture as it was."""
    return any(kind == _CREDENTIALS for kind, _ in _chunks(content))


def without_animation(content: bytes) -> bytes:
    """A PNG of which every reader sees the first picture alone."""
    chunks = (png_chunk(*chunk) for chunk in _chunks(content) if chunk[0] not in _OF_ANIMATION)
    return content[: len(_SIGNATURE)] + b"".join(chunks)


def xmp_of(content: bytes) -> bytes:
    """The XMP packet of a PNG, compressed or not; empty where there is none."""
    for kind, body in _chunks(content):
        if kind == b"iTXt" and body.startswith(_XMP):
            return _text(body)[1]
    return b""


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _is_kept(kind: bytes) -> bool:
    """A small fourth letter promises that the chunk holds whatever the pixels become; a small first
    one that it is no part of them."""
    return kind in _OF_THE_PICTURE or (kind[:1].islower() and kind[3:4].islower())


def _fresh(kind: bytes, body: bytes, size_px: tuple[int, int] | None) -> bytes:
    """The body of a chunk without what shows the old picture."""
    if kind == b"eXIf":
        return with_size(without_thumbnail(body), size_px)
    if kind != b"iTXt" or not body.startswith(_XMP):
        return body
    head, packet = _text(body)
    fresh = fresh_xmp(packet)
    if fresh == packet:
        return body
    packed = head[len(_XMP)] == 1
    return head + (zlib.compress(fresh) if packed else fresh)


def _text(body: bytes) -> tuple[bytes, bytes]:
    """The head of an iTXt chunk (two flags, language, translated name) and its text, unpacked."""
    start = len(_XMP) + 2
    for _ in range(2):
        start = body.find(b"\0", start) + 1
        if not start:
            return body, b""
    head, text = body[:start], body[start:]
    try:
        return head, zlib.decompress(text) if head[len(_XMP)] == 1 else text
    except zlib.error:
        return body, b""


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        place += 12 + size
