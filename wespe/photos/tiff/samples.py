"""The numbers of a TIFF's pixels: of any number of bits, in one plane or one for each channel.

Its strips or tiles are unpacked by Pillow as the bytes of a wide grey picture.
"""

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wespe.photos.tiff.layouts import Layout
from wespe.photos.tiff.tags import Tag, directory

_ROWS = 256  # Whose bits are unpacked at a time: eight bytes each.


def samples(content: bytes, layout: Layout) -> NDArray[Any]:
    """`(H, W, C)`, uint8 for up to 8 bits a channel and uint16 for more, over its full range.

    Raises ValueError, and what Pillow does, for damaged files.
    """
    places, counts = _pieces(layout)
    if not layout.in_planes:
        return _channels(content, layout, layout.samples, places, counts)
    each = len(places) // layout.samples
    if not each:
        raise ValueError("planes that are not apart")
    parts = [slice(number * each, (number + 1) * each) for number in range(layout.samples)]
    planes = [_channels(content, layout, 1, places[part], counts[part]) for part in parts]
    return np.concatenate(planes, axis=2)


def _pieces(layout: Layout) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the strips or tiles are, and how long."""
    tiled = 324 in layout.tags
    places, counts = (layout.tags[tag] for tag in ((324, 325) if tiled else (273, 279)))
    return tuple(np.atleast_1d(places)), tuple(np.atleast_1d(counts))


def _channels(
    content: bytes,
    layout: Layout,
    channels: int,
    places: tuple[int, ...],
    counts: tuple[int, ...],
) -> NDArray[Any]:
    """`(H, W, channels)` of strips or tiles that have so many for each pixel."""
    rows = _rows(content, layout, channels, places, counts)
    if layout.bits in {8, 16}:
        order = "<" if content[:1] == b"I" else ">"
        numbers = rows.view(f"{order}u{layout.bits // 8}").astype(f"u{layout.bits // 8}")
    else:
        numbers = _unpacked(rows, layout, channels)
    numbers = numbers.reshape(layout.height, layout.width, channels)
    return _summed(numbers, layout) if layout.tags.get(317, 1) == 2 else numbers


def _unpacked(rows: NDArray[np.uint8], layout: Layout, channels: int) -> NDArray[Any]:
    """Numbers that lie bit behind bit, each row from a new byte on, `(H, W x channels)`."""
    bits, count = layout.bits, layout.width * channels
    kind, largest = (np.uint8, 255) if bits < 8 else (np.uint16, 65535)
    full = np.rint(np.arange(2**bits) * (largest / (2**bits - 1))).astype(kind)
    weights = (1 << np.arange(bits)[::-1]).astype(np.uint16)
    unpacked = np.empty((len(rows), count), kind)
    for start in range(0, len(rows), _ROWS):
        part = np.unpackbits(rows[start : start + _ROWS], axis=1)[:, : count * bits]
        unpacked[start : start + _ROWS] = full[part.reshape(len(part), -1, bits) @ weights]
    return unpacked


def _summed(differences: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """What predictor 2 stored as differences from pixel to pixel, in each tile by itself."""
    step = layout.tags.get(322, layout.width)
    sums = np.empty_like(differences)
    for start in range(0, layout.width, step):
        part = differences[:, start : start + step]
        sums[:, start : start + step] = np.cumsum(part, axis=1, dtype=differences.dtype)
    return sums


def _rows(
    content: bytes,
    layout: Layout,
    channels: int,
    places: tuple[int, ...],
    counts: tuple[int, ...],
) -> NDArray[np.uint8]:
    """The bytes of each row, `(H, n)`, as a grey picture that is so wide."""
    tags, order = layout.tags, "<" if content[:1] == b"I" else ">"

    def numbers(tag: int, *values: int) -> Tag:
        return Tag(tag, 4, len(values), struct.pack(f"{order}{len(values)}I", *values))

    def width(pixels: int) -> int:
        return -(-pixels * channels * layout.bits // 8)

    entries = [numbers(256, width(layout.width)), numbers(257, layout.height), numbers(258, 8)]
    entries += [numbers(tag, tags[tag]) for tag in (259, 266) if tag in tags]
    entries += [numbers(262, 1), numbers(277, 1)]
    if 324 in tags:
        entries += [numbers(322, width(tags[322])), numbers(323, tags[323])]
        entries += [numbers(324, *places), numbers(325, *counts)]
    else:
        rows = tags.get(278, layout.height)
        entries += [numbers(273, *places), numbers(278, rows), numbers(279, *counts)]
    start = len(content) + len(content) % 2
    mark = struct.pack(f"{order}HI", 42, start)
    moved = content[:2] + mark + content[8:]
    file = moved.ljust(start, b"\0") + directory(entries, start, order)
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)
