"""What metadata hold of the picture as it was, and what is no longer true of a new one.

Sources: Adobe, "Photoshop File Formats", image resources, and "XMP Specification Part 2"; Google,
"Ultra HDR Image Format v1.1"; ISO 21496-1.
"""

import re
from collections.abc import Iterator

_RESOURCES_SHOWN = frozenset({1033, 1036})  # thumbnails of Photoshop 4 and of later ones
_XMP_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails\b.*?</\1:Thumbnails>\s*", re.DOTALL)
_GAIN_MAP_ATTRIBUTE = re.compile(rb"""\s+hdrgm:\w+\s*=\s*("[^"]*"|'[^']*')""")
_GAIN_MAP_ELEMENT = re.compile(rb"<hdrgm:(\w+)\b[^>]*?(/>|>.*?</hdrgm:\1>)\s*", re.DOTALL)
_LIST_ITEM = re.compile(rb"<rdf:li\b(?:(?!</rdf:li>).)*?</rdf:li>\s*", re.DOTALL)
# Pictures behind the first that are not written. Source: Google, "Dynamic Depth 1.0".
_LEFT_OUT = re.compile(
    rb"""Item:Semantic\s*(=\s*["']|>)(GainMap|RecoveryMap|Depth|Confidence|Original)\b"""
)
_DEPTH = re.compile(rb"""Item:Semantic\s*(=\s*["']|>)Depth\b""")
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"


def has_gain_map(xmp: bytes) -> bool:
    """Whether an XMP packet announces one."""
    return b"hdrgm:Version" in xmp


def has_depth_map(xmp: bytes) -> bool:
    """Whether an XMP packet announces one behind the picture."""
    return bool(_DEPTH.search(xmp))


def fresh_xmp(xmp: bytes) -> bytes:
    """An XMP packet without thumbnails, and without the announcement of a gain map or depth map.

    What it states about other data behind the picture, such as the video of a motion photo, stays.
    """
    xmp = _XMP_THUMBNAILS.sub(b"", xmp)
    xmp = _LIST_ITEM.sub(lambda item: b"" if _LEFT_OUT.search(item[0]) else item[0], xmp)
    if not has_gain_map(xmp):
        return xmp
    return _GAIN_MAP_ELEMENT.sub(b"", _GAIN_MAP_ATTRIBUTE.sub(b"", xmp))


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
