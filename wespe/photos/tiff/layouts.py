"""TIFF in layouts that Pillow does not read, or misreads, as one that it reads.

Source: TIFF, revision 6.0, 1992.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from wespe.photos.srgb import as_srgb
from wespe.photos.tiff.tags import Tag, Tags, directory, encode_tiff

PLANES = "planes as one"
"""A note of what nobody misses."""
_CHANNELS = {0: 1, 1: 1, 2: 3, 5: 4, 8: 3}
_LAB = 8
_CMYK = 5
# None, LZW, deflate by both its numbers, pack bits.
_LOSSLESS = frozenset({1, 5, 8, 32946, 32773})
_ROWS = 256  # Whose bits are unpacked at a time: eight bytes each.
_TURNS = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).swapaxes(0, 1),
    8: lambda stored: np.rot90(stored, 1),
}
# From XYZ of D50 to linear sRGB, by Bradford's transform.
_TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
_D50 = np.array([0.9642, 1.0, 0.8249])


@dataclass(frozen=True)
class Layout:
    """How the pixels of a TIFF lie."""

    width: int
    height: int
    bits: int
    samples: int
    photometric: int
    alpha: int
    """1 for one that is multiplied in, 2 for one that is not, 0 for none."""
    in_planes: bool
    tags: ImageFileDirectory_v2

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The layout of a file; None for what is no TIFF, or is too damaged to say."""
        with path.open("rb") as stream:
            head = stream.read(8)
            if head[:4] not in {b"II*\0", b"MM\0*"}:
                return None
            tags = ImageFileDirectory_v2(head)
            stream.seek(tags.next)
            tags.load(stream)
        bits, extra = set(tags.get(258, (1,))), tags.get(338, ())
        photometric, samples = tags.get(262, 0), tags.get(277, 1)
        if len(bits) != 1 or 256 not in tags or 257 not in tags or 262 not in tags:
            return None
        more = samples > _CHANNELS.get(photometric, samples)
        alpha = extra[0] if more and extra and extra[0] in {1, 2} else 0
        return cls(
            *(tags[256], tags[257], bits.pop(), samples, photometric, alpha),
            in_planes=samples > 1 and tags.get(284, 1) == 2,
            tags=tags,
        )

    @property
    def note(self) -> str:
        """What becomes of a file that Pillow does not read, in words; empty for one that it does
        and for what is not known here."""
        packed = self.bits in {10, 12, 14}
        if self.photometric not in _CHANNELS or self.tags.get(259, 1) not in _LOSSLESS:
            return ""
        if packed and not self.in_planes and self.photometric in {0, 1, 2}:
            return f"{self.bits} bits as 16" if self.tags.get(317, 1) == 1 else ""
        if self.photometric == _CMYK and self.bits == 8 and self.alpha and not self.in_planes:
            return "CMYK with alpha as RGB"
        if self.photometric == _LAB and self.bits == 16 and not self.in_planes:
            return "Lab as RGB"
        grey_alpha = self.bits == 8 and self.samples == 2
        deep = self.bits == 16 and self.photometric in {0, 1, 2}
        return PLANES if self.in_planes and (grey_alpha or deep) else ""


def plain(path: Path) -> bytes | None:
    """The file at `path` as an upright TIFF of 8 or 16 bits in one plane, grey or RGB, each with
    alpha if there is any, with its tags.

    None for a file that needs none of that. Raises what Pillow does for damaged ones.
    """
    layout = Layout.of(path)
    if layout is None or not layout.note:
        return None
    content = path.read_bytes()
    samples = (_planes if layout.in_planes else _chunky)(content, layout)
    colours = samples[..., : _CHANNELS[layout.photometric]]
    alpha = samples[..., colours.shape[2] :][..., :1] if layout.alpha else None
    profile = layout.tags.get(34675)
    if layout.alpha == 1 and alpha is not None:
        largest = np.iinfo(samples.dtype).max
        divided = colours.astype(np.uint64) * largest // np.maximum(alpha, 1)
        colours = np.minimum(divided, largest).astype(samples.dtype)
    if layout.photometric == 0:
        colours = np.iinfo(samples.dtype).max - colours
    elif layout.photometric == _LAB:
        colours, profile = _lab_to_srgb(colours), None
    elif layout.photometric == _CMYK:
        colours, profile = _cmyk_to_srgb(colours, profile), None
    layers = colours if alpha is None else np.concatenate([colours, alpha], axis=2)
    layers = _TURNS.get(layout.tags.get(274, 1), lambda stored: stored)(layers)
    return encode_tiff(
        np.ascontiguousarray(layers),
        "L" if colours.shape[2] == 1 else "RGB",
        tags=Tags.read(content),
        profile=profile,
        compressed=False,
    )


def _planes(content: bytes, layout: Layout) -> NDArray[Any]:
    """`(H, W, C)` of what has a plane for each channel: each is a grey picture."""
    places, counts = _pieces(layout)
    each = len(places) // layout.samples
    if not each:
        raise ValueError("planes that are not apart")
    planes = [
        _grey(
            *(content, layout, layout.width, layout.bits),
            *(part[number * each : (number + 1) * each] for part in (places, counts)),
            keep_predictor=True,
        )
        for number in range(layout.samples)
    ]
    return np.stack(planes, axis=-1)


def _chunky(content: bytes, layout: Layout) -> NDArray[Any]:
    """`(H, W, C)` of what has the channels of a pixel side by side: one wide grey picture."""
    channels, bits = layout.samples, layout.bits
    if bits == 16:
        wide = _grey(content, layout, layout.width * channels, 16, *_pieces(layout))
        samples = wide.reshape(layout.height, layout.width, channels)
        return _summed(samples, layout) if layout.tags.get(317, 1) == 2 else samples
    row_bytes = -(-layout.width * channels * bits // 8)
    rows = _grey(content, layout, row_bytes, 8, *_pieces(layout))
    if bits == 8:
        samples = rows.reshape(layout.height, layout.width, channels)
        return _summed(samples, layout) if layout.tags.get(317, 1) == 2 else samples
    unpacked = np.empty((layout.height, layout.width * channels), np.uint16)
    weights = (1 << np.arange(bits)[::-1]).astype(np.uint16)
    for start in range(0, layout.height, _ROWS):
        part = np.unpackbits(rows[start : start + _ROWS], axis=1)
        part = part[:, : layout.width * channels * bits]
        unpacked[start : start + _ROWS] = part.reshape(len(part), -1, bits) @ weights
    full = (unpacked << (16 - bits)) | (unpacked >> (2 * bits - 16))
    return full.reshape(layout.height, layout.width, channels)


def _summed(differences: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """What predictor 2 stored as differences from pixel to pixel, in each tile by itself."""
    step = layout.tags.get(322, layout.width)
    samples = np.empty_like(differences)
    for start in range(0, layout.width, step):
        part = differences[:, start : start + step]
        samples[:, start : start + step] = np.cumsum(part, axis=1, dtype=differences.dtype)
    return samples


def _pieces(layout: Layout) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the strips or tiles are, and how long."""
    tiled = 324 in layout.tags
    places, counts = (layout.tags[tag] for tag in ((324, 325) if tiled else (273, 279)))
    return tuple(np.atleast_1d(places)), tuple(np.atleast_1d(counts))


def _grey(
    content: bytes,
    layout: Layout,
    width: int,
    bits: int,
    places: tuple[int, ...],
    counts: tuple[int, ...],
    *,
    keep_predictor: bool = False,
) -> NDArray[Any]:
    """The strips or tiles read by Pillow as a grey picture, `(H, width)` of uint8 or uint16."""
    tags, order = layout.tags, "<" if content[:2] == b"II" else ">"

    def numbers(tag: int, *values: int) -> Tag:
        return Tag(tag, 4, len(values), struct.pack(f"{order}{len(values)}I", *values))

    entries = [numbers(256, width), numbers(257, layout.height), numbers(258, bits)]
    entries += [numbers(tag, tags[tag]) for tag in (259, 266) if tag in tags]
    entries += [numbers(262, 1), numbers(277, 1)]
    if keep_predictor and 317 in tags:
        entries.append(numbers(317, tags[317]))
    if 324 in tags:
        share = width / layout.width
        entries += [numbers(322, round(tags[322] * share)), numbers(323, tags[323])]
        entries += [numbers(324, *places), numbers(325, *counts)]
    else:
        rows = tags.get(278, layout.height)
        entries += [numbers(273, *places), numbers(278, rows), numbers(279, *counts)]
    start = len(content) + len(content) % 2
    moved = content[:4] + struct.pack(f"{order}I", start) + content[8:]
    file = moved.ljust(start, b"\0") + directory(entries, start, order)
    with Image.open(io.BytesIO(file)) as image:
        samples = np.asarray(image)
    return samples.astype(np.uint8 if bits == 8 else np.uint16)


def _cmyk_to_srgb(colours: NDArray[Any], profile: bytes | None) -> NDArray[Any]:
    return np.asarray(as_srgb(Image.fromarray(np.ascontiguousarray(colours), "CMYK"), profile))


def _lab_to_srgb(colours: NDArray[Any]) -> NDArray[Any]:
    """Lab of 16 bits, `(H, W, 3)`, a and b signed, as sRGB of 16 bits."""
    lightness = (colours[..., 0] / 65535 * 100 + 16) / 116
    a, b = (colours[..., channel].astype(np.int16) / 256 for channel in (1, 2))
    cubes = np.stack([lightness + a / 500, lightness, lightness - b / 200], axis=-1)
    low = (cubes - 16 / 116) * 3 * (6 / 29) ** 2
    linear = (np.where(cubes > 6 / 29, cubes**3, low) * _D50) @ _TO_SRGB.T
    linear = linear.clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray((curved * 65535).round().astype(np.uint16))
