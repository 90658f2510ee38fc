"""TIFF with all its tags, byte for byte: Pillow keeps some, and changes what it does not foresee.

Source: TIFF, revision 6.0, 1992, and for files of 64 bits the BigTIFF design.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from wespe.photos.renderings import fresh_xmp, without_photoshop_thumbnails

PHOTOSHOP_LAYERS = 37724
PHOTOSHOP_RESOURCES = 34377
SUB_DIRECTORIES = 330
CREDENTIALS = 52545
_TRANSFER_FUNCTION = 301
XMP = 700
_DEFLATE = 6
_PHOTOMETRIC = {"L": 1, "RGB": 2, "CMYK": 5}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
# EXIF, GPS, and within EXIF what it states about other programs.
_DIRECTORIES = frozenset({34665, 34853, 40965})
# How this file's pixels lie, further pictures, and the profile, which is written apart.
_OF_LAYOUT = frozenset(
    {
        *range(254, 267),
        273,
        274,
        *range(277, 282),
        284,
        *range(288, 294),
        317,
        *range(320, 343),
    }
    | {347, *range(512, 533), 34675}
)
# Of the picture as it was: a rendering that Photoshop would show instead, and a signature.
_OF_THE_OLD = frozenset({PHOTOSHOP_LAYERS, CREDENTIALS})


@dataclass(frozen=True)
class Tag:
    """An entry of a directory; `value` as its bytes, or a directory of its own."""

    number: int
    kind: int
    count: int
    value: "bytes | Tags"


@dataclass(frozen=True)
class Tags:
    """A directory, in the byte order of its file, `<` or `>`."""

    order: str
    entries: tuple[Tag, ...] = ()

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The first directory of a file without the tags of its layout; what is damaged is left
        out."""
        order = {b"II": "<", b"MM": ">"}.get(content[:2])
        if order is None:
            return cls("<")
        big = struct.unpack_from(f"{order}H", content, 2) == (43,)
        (start,) = (
            struct.unpack_from(f"{order}Q", content, 8)
            if big
            else (struct.unpack_from(f"{order}I", content, 4))
        )
        entries = _entries(content, start, order, big)
        return cls(order, tuple(tag for tag in entries if tag.number not in _OF_LAYOUT))

    def kept(self) -> Self:
        """These without what shows or signs the picture as it was."""
        entries = (tag for tag in self.entries if tag.number not in _OF_THE_OLD)
        return type(self)(self.order, tuple(map(_without_thumbnail, entries)))


def encode_tiff(
    layers: NDArray[Any], mode: str, *, tags: Tags, profile: bytes | None, compressed: bool
) -> bytes:
    """uint8 or uint16 `(H, W, C)`, C that of `mode` or one more for alpha, as one strip.

    `tags` are what else there is to say; those of the layout are added to them.
    """
    height, width, channels = layers.shape
    order = tags.order
    data = layers.astype(layers.dtype.newbyteorder("<" if order == "<" else ">"))
    if compressed:
        data[:, 1:] -= data[:, :-1].copy()  # Each value less that of the pixel before it.
    body = zlib.compress(data.data, _DEFLATE) if compressed else data.tobytes()
    alpha = channels > len(mode)

    def numbers(tag: int, kind: int, *values: int) -> Tag:
        letters = {_SHORT: "H", _LONG: "I"}
        return Tag(
            tag, kind, len(values), struct.pack(f"{order}{len(values)}{letters[kind]}", *values)
        )

    entries = [
        *(tag for tag in tags.entries if _holds(tag, 8 * data.itemsize)),
        numbers(256, _LONG, width),
        numbers(257, _LONG, height),
        numbers(258, _SHORT, *[8 * data.itemsize] * channels),
        numbers(259, _SHORT, 8 if compressed else 1),
        numbers(262, _SHORT, _PHOTOMETRIC[mode]),
        numbers(273, _LONG, 8),
        numbers(277, _SHORT, channels),
        numbers(278, _LONG, height),
        numbers(279, _LONG, len(body)),
        *([numbers(317, _SHORT, 2)] if compressed else []),
        *([numbers(338, _SHORT, 2)] if alpha else []),  # not multiplied in
        *([Tag(34675, _UNDEFINED, len(profile), profile)] if profile else []),
    ]
    padding = bytes(len(body) % 2)
    start = 8 + len(body) + len(padding)
    if start > 2**32 - 1:
        raise ValueError("4 GB, more than a TIFF of 32 bits holds")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    header = mark + struct.pack(f"{order}I", start)
    return header + body + padding + directory(entries, start, order)


def _holds(tag: Tag, bits: int) -> bool:
    """Whether a tag is right for `bits` of a channel: a curve has a value for each level."""
    return tag.number != _TRANSFER_FUNCTION or tag.count in {2**bits, 3 * 2**bits}


def _entries(content: bytes, start: int, order: str, big: bool, depth: int = 0) -> list[Tag]:
    count_format, entry_format, size = ("Q", "HHQ8s", 20) if big else ("H", "HHI4s", 12)
    try:
        (count,) = struct.unpack_from(f"{order}{count_format}", content, start)
    except struct.error:
        return []
    first, tags = start + struct.calcsize(f"{order}{count_format}"), []
    for place in range(first, first + min(count, 4096) * size, size):
        try:
            number, kind, count, inline = struct.unpack_from(
                f"{order}{entry_format}", content, place
            )
        except struct.error:
            break
        length = count * _SIZES.get(kind, 0)
        pointer = int.from_bytes(inline, "little" if order == "<" else "big")
        value = inline[:length] if length <= len(inline) else content[pointer : pointer + length]
        if number in _DIRECTORIES and depth < 2:
            if below := _entries(content, pointer, order, big, depth + 1):
                tags.append(Tag(number, _LONG, 1, Tags(order, tuple(below))))
        elif length and len(value) == length:
            tags.append(_of_32_bits(Tag(number, kind, count, value), order))
    return [tag for tag in tags if tag.value]


def _of_32_bits(tag: Tag, order: str) -> Tag:
    """Numbers of 64 bits, which only a BigTIFF has, in half of them; without a value if that is
    too little."""
    if tag.kind not in {16, 17, 18}:
        return tag
    assert isinstance(tag.value, bytes)
    numbers = struct.unpack(f"{order}{tag.count}Q", tag.value)
    if max(numbers) >= 2**32:
        return Tag(tag.number, _LONG, 0, b"")
    return Tag(tag.number, _LONG, tag.count, struct.pack(f"{order}{tag.count}I", *numbers))


def directory(tags: Sequence[Tag], start: int, order: str) -> bytes:
    """A directory that begins at `start`, with all that its entries point at behind it."""
    behind, entries, values = start + 2 + 12 * len(tags) + 4, b"", bytearray()
    for tag in sorted(tags, key=lambda tag: tag.number):
        head = struct.pack(f"{order}HHI", tag.number, tag.kind, tag.count)
        place = behind + len(values)
        value = tag.value
        if isinstance(value, Tags):
            value = directory(value.entries, place, order)
        if isinstance(tag.value, Tags) or len(value) > 4:
            entries += head + struct.pack(f"{order}I", place)
            values += value + bytes(len(value) % 2)
        else:
            entries += head + value.ljust(4, b"\0")
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + bytes(values)


def _without_thumbnail(tag: Tag) -> Tag:
    if not isinstance(tag.value, bytes):
        return tag
    if tag.number == PHOTOSHOP_RESOURCES:
        value = without_photoshop_thumbnails(tag.value)
    elif tag.number == XMP:
        value = fresh_xmp(tag.value)
    else:
        return tag
    # Bytes count one by one then.
    return tag if value == tag.value else Tag(tag.number, _UNDEFINED, len(value), value)
