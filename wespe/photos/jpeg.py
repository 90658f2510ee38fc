"""The segments of a JPEG, and what its frame says of its pixels. Source: ITU-T T.81, annex B."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
# Tables and an extension, among the markers of frames.
_NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_ANY_MARKER = re.compile(rb"\xff[^\0\xff]")
# Any but those within a scan.
_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")


class Frame(NamedTuple):
    """How pixels are coded."""

    lossless: bool
    bits: int
    """Of a channel."""


def frame(content: bytes) -> Frame | None:
    """The frame of a JPEG; None where it is cut off before that."""
    for marker, part in segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES and len(part) > 4:
            return Frame(marker in _LOSSLESS, part[4])
    return None


def segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the bytes of each segment before the first scan.

    What is no marker in between is skipped, as decoders do: filling bytes, and a segment that is
    longer than it states.
    """
    place = 2
    while found := _ANY_MARKER.search(content, place):
        start, marker = found.start(), content[found.end() - 1]
        if marker == _SCAN or found[0] == _END or start + 4 > len(content):
            return
        place = start + 2 + int.from_bytes(content[start + 2 : start + 4])
        yield marker, content[start:place]


def segment(marker: int, payload: bytes) -> bytes:
    """A segment of a marker. Raises OverflowError from 65,534 bytes on."""
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def header_end(content: bytes) -> int:
    """Where the first scan begins."""
    return 2 + sum(len(part) for _, part in segments(content))


def picture_end(content: bytes, start: int = 0) -> int | None:
    """Where the picture ends that begins at `start`; None where it is cut off."""
    place = start + 2
    while found := _MARKER.search(content, place):
        if found[0] == _END:
            return found.end()
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2])
    return None


def pictures_behind(content: bytes) -> Iterator[bytes]:
    """The whole JPEGs that lie behind the first picture, one after the other."""
    end = picture_end(content)
    while end is not None:
        start = end
        while content[start : start + 1] == b"\0":
            start += 1
        if not content.startswith(_START, start):
            return
        end = picture_end(content, start)
        if end is not None:
            yield content[start:end]
