"""What metadata hold of the picture as it was, and what is no longer true of a new one.

Sources: Adobe, "Photoshop File Formats", image resources, and "XMP Specification Part 2"; Google,
"Ultra HDR Image Format v1.1"; ISO 21496-1.
"""

import re
import struct
from collections.abc import Iterable, Iterator

_EXIF_DIRECTORY = 0x8769
_SIZES = {0x100: 0, 0x101: 1, 0xA002: 0, 0xA003: 1}  # widths and heights
_RESOURCES_SHOWN = frozenset({1033, 1036})  # thumbnails of Photoshop 4 and of later ones
# Packets may be of any length and content, so each pattern can begin at few places.
_XMP_THUMBNAILS = re.compile(rb"<((?:xmp|xap):Thumbnails)\b")
# By Adobe and Google, and by Apple, who also describes auxiliary pictures of other kinds.
_GAIN_MAP_ATTRIBUTE = re.compile(
    rb"""(?<!\s)\s+(?:hdrgm|HDRGainMap|apdi):\w+\s*=\s*("[^"]*"|'[^']*')"""
)
_GAIN_MAP_ELEMENT = re.compile(rb"<((?:hdrgm|HDRGainMap|apdi):\w+)\b[^<>]*>")
_LIST_ITEM = re.compile(rb"<(rdf:li)\b")
_SPACE = re.compile(rb"\s*")
# Pictures behind the first that are not written. Source: Google, "Dynamic Depth 1.0".
_NO_OTHERS, _NO_GAIN_MAP = (
    re.compile(rb"""Item:Semantic\s*(=\s*["']|>)(%s)\b""" % names)
    for names in (b"Depth|Confidence|Original", b"GainMap|RecoveryMap|Depth|Confidence|Original")
)
_DEPTH = re.compile(rb"""Item:Semantic\s*(=\s*["']|>)Depth\b""")


def announces_gain_map(xmp: bytes) -> bool:
    """Whether an XMP packet does."""
    return b"hdrgm:Version" in xmp or b"HDRGainMap:HDRGainMapVersion" in xmp


def announces_depth_map(xmp: bytes) -> bool:
    """Whether an XMP packet announces one behind the picture."""
    return bool(_DEPTH.search(xmp))


def has_thumbnails(xmp: bytes) -> bool:
    """Whether an XMP packet does."""
    return any(_elements(xmp, _XMP_THUMBNAILS))


def fresh_xmp(xmp: bytes, *, gain_map: bool = False) -> bytes:
    """An XMP packet without thumbnails, and without the announcement of a depth map, nor of a gain
    map unless the `gain_map` is kept.

    What it states about other data behind the picture, such as the video of a motion photo, stays.
    """
    gone = _NO_GAIN_MAP if not gain_map else _NO_OTHERS
    xmp = _without(xmp, _elements(xmp, _XMP_THUMBNAILS))
    items = _elements(xmp, _LIST_ITEM)
    xmp = _without(xmp, (item for item in items if gone.search(xmp[item])))
    if gain_map:
        return xmp
    xmp = _GAIN_MAP_ATTRIBUTE.sub(b"", xmp)
    return _without(xmp, _elements(xmp, _GAIN_MAP_ELEMENT))


def _elements(xmp: bytes, opening: re.Pattern[bytes]) -> Iterator[slice]:
    """Where elements are whose tags begin with `opening`, up to the first end of their name, and
    the space behind them. One that does not end is none."""
    place, endless = 0, set[bytes]()
    for tag in opening.finditer(xmp):
        name = tag[1]
        if tag.start() < place or name in endless:
            continue
        end = tag.end()
        if not tag[0].endswith(b"/>"):
            closing = b"</" + name + b">"
            found = xmp.find(closing, end)
            if found < 0:
                endless.add(name)
                continue
            end = found + len(closing)
        space = _SPACE.match(xmp, end)
        place = space.end() if space else end
        yield slice(tag.start(), place)


def _without(xmp: bytes, gone: Iterable[slice]) -> bytes:
    """A packet without these parts, which are in order."""
    kept, place = [], 0
    for part in gone:
        kept.append(xmp[place : part.start])
        place = part.stop
    return b"".join([*kept, xmp[place:]])


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


def with_size(exif: bytes, size_px: tuple[int, int] | None) -> bytes:
    """An EXIF block (with or without its `Exif` mark) that states this width and height.

    Only where it stated them before, in the same places; None leaves it as it is. Damaged blocks
    stay as they are. Source: EXIF 2.32, 4.6.5 (PixelXDimension); TIFF 6.0 (ImageWidth).
    """
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[start : start + 2])
    if order is None or size_px is None:
        return exif
    changed = bytearray(exif)
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, start + 4)
        for place, tag in _fields(exif, start + first, order):
            _state_size(changed, place, tag, order, size_px)
            if tag == _EXIF_DIRECTORY:
                (below,) = struct.unpack_from(f"{order}I", exif, place + 8)
                for further, of_exif in _fields(exif, start + below, order):
                    _state_size(changed, further, of_exif, order, size_px)
    except struct.error:
        return exif
    return bytes(changed)


def _fields(exif: bytes, directory: int, order: str) -> Iterator[tuple[int, int]]:
    """The place and the tag of each field of a directory."""
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    for place in range(directory + 2, directory + 2 + 12 * count, 12):
        yield place, *struct.unpack_from(f"{order}H", exif, place)


def _state_size(
    exif: bytearray, place: int, tag: int, order: str, size_px: tuple[int, int]
) -> None:
    if tag in _SIZES:
        # As 4 bytes, whatever they were.
        struct.pack_into(f"{order}HII", exif, place + 2, 4, 1, size_px[_SIZES[tag]])


def without_photoshop_thumbnails(resources: bytes) -> bytes:
    """Photoshop's image resources without those that show the picture; damaged ones as they are."""
    try:
        return b"".join(
            block for number, block in _resources(resources) if number not in _RESOURCES_SHOWN
        )
    except ValueError:
        return resources


def _resources(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and the bytes of each resource. Raises ValueError for what are none."""
    place = 0
    while place < len(content):
        if len(content) - place < 12 or content[place : place + 4] not in {b"8BIM", b"MeSa"}:
            if not content[place:].strip(b"\0"):
                return
            raise ValueError("no image resource of Photoshop")
        number = int.from_bytes(content[place + 4 : place + 6])
        name = 1 + content[place + 6]
        size_at = place + 6 + name + name % 2
        size = int.from_bytes(content[size_at : size_at + 4])
        end = size_at + 4 + size + size % 2
        if size_at + 4 + size > len(content):
            raise ValueError("an image resource that is cut off")
        yield number, content[place:end]
        place = end
