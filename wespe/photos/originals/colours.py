"""A file's own colours to sRGB and back.

The way back is not taken with the enhanced colours themselves: the difference that enhancing makes
is taken back and added to the file's numbers. So what sRGB cannot hold, and what conversions round
off, stays as it was; nothing enhanced is nothing changed.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from wespe.photos.images import AnyPixels
from wespe.photos.luma import LUMA

Conversion = Callable[[AnyPixels], AnyPixels]
_SRGB = ImageCms.createProfile("sRGB")
# Rows that are converted at a time, so that a large photo needs little more memory than itself.
_ROWS = 256
# Levels between the nodes of the table that 16-bit colours are interpolated in; it divides 255.
_STEP = 3


class Colours:
    """The way from a file's colours, of `mode` L, RGB or CMYK, to sRGB and back.

    Both ways keep the type, uint8 or uint16, and take whole photos, `(H, W, C)`. Raises ValueError
    for a `profile` that cannot be used with this mode, or not in both directions.
    """

    def __init__(self, mode: str, profile: bytes | None) -> None:
        self._plain = mode == "RGB" and not profile
        self._there, self._back = _conversions(mode, profile)

    def to_srgb(self, stored: AnyPixels) -> AnyPixels:
        """`(H, W, C)` in the file's colours → `(H, W, 3)` in sRGB."""
        if self._plain:
            return stored
        return np.concatenate([self._there(strip) for strip in _strips(stored)])

    def changed(self, stored: AnyPixels, enhanced: AnyPixels) -> AnyPixels:
        """`stored` with the change from its own sRGB to `enhanced`."""
        if self._plain:
            return enhanced
        largest = np.iinfo(stored.dtype).max
        changed = np.empty_like(stored)
        for old, new, strip in zip(*map(_strips, (stored, enhanced, changed)), strict=True):
            before = self._back(self._there(old)).astype(np.int32)
            strip[:] = np.clip(old + (self._back(new).astype(np.int32) - before), 0, largest)
        return changed


def _strips(pixels: AnyPixels) -> Iterator[AnyPixels]:
    return (pixels[row : row + _ROWS] for row in range(0, len(pixels), _ROWS))


def _conversions(mode: str, profile: bytes | None) -> tuple[Conversion, Conversion]:
    if not profile:
        if mode == "CMYK":
            raise ValueError("CMYK has no way back without a profile")
        return _grey_conversions(np.arange(256.0))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        there = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
        if mode == "L":
            greys = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
            return _grey_conversions(np.asarray(_applied(greys, there))[0, :, 1].astype(float))
        back = ImageCms.buildTransform(_SRGB, source, "RGB", mode)
    except (ImageCms.PyCMSError, OSError) as error:
        raise ValueError(f"unusable colour profile: {error}") from error
    return _by(there, mode), _by(back, "RGB")


def _grey_conversions(curve: np.ndarray[Any, Any]) -> tuple[Conversion, Conversion]:
    """For grey whose 256 levels are these sRGB levels; between them, linear."""
    levels, curve = np.arange(256.0), np.maximum.accumulate(curve)
    # np.interp wants a rising curve; where this one is flat, any level will do.
    rising = curve + levels * 1e-6

    def there(stored: AnyPixels) -> AnyPixels:
        scale = np.iinfo(stored.dtype).max / 255
        grey = np.interp(stored / scale, levels, rising) * scale
        return np.asarray(np.rint(grey).astype(stored.dtype).repeat(3, axis=2))

    def back(srgb: AnyPixels) -> AnyPixels:
        scale = np.iinfo(srgb.dtype).max / 255
        stored = np.interp((srgb / scale) @ np.array(LUMA), rising, levels) * scale
        return np.asarray(np.rint(stored).astype(srgb.dtype)[..., None])

    return there, back


def _by(transform: ImageCms.ImageCmsTransform, mode: str) -> Conversion:
    """LittleCMS for 8 bits; for 16, which Pillow does not hand it, a table of what it does."""
    tables: list[Any] = []

    def convert(pixels: AnyPixels) -> AnyPixels:
        if pixels.dtype == np.uint8:
            return np.asarray(_applied(Image.fromarray(pixels, mode), transform))
        if not tables:
            tables.append(_table(transform, mode))
        return _interpolated(pixels, tables[0])

    return convert


def _applied(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


def _table(transform: ImageCms.ImageCmsTransform, mode: str) -> Any:
    """What a transform makes of evenly spaced colours: `(n, n, n, 3)`, float32, in 65535ths."""
    if mode != "RGB":
        raise ValueError(f"16 bits of {mode}, expected grey or RGB")
    axis = np.arange(0, 256, _STEP, dtype=np.uint8)
    nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    flat = Image.fromarray(nodes.reshape(len(axis) ** 2, len(axis), 3))
    values = np.array(_applied(flat, transform)).reshape(nodes.shape)
    return np.float32(257) * values


def _interpolated(pixels: AnyPixels, table: Any) -> AnyPixels:
    """16-bit pixels by the table, linear between its nodes along each channel."""
    count, nodes = len(table), table.reshape(-1, 3)
    place = pixels * np.float32((count - 1) / 65535)
    below = np.minimum(place.astype(np.int32), count - 2)
    share = place - below.astype(np.float32)
    strides = np.array([count * count, count, 1], np.int32)
    first = below @ strides
    levels = np.zeros(pixels.shape, np.float32)
    for corner in itertools.product((0, 1), repeat=3):
        red, green, blue = (
            share[..., c] if more else 1 - share[..., c] for c, more in enumerate(corner)
        )
        there = nodes.take(first + np.dot(corner, strides), axis=0)
        levels += (red * green * blue)[..., None] * there
    return np.asarray(np.rint(levels).astype(np.uint16))
