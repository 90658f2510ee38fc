"""TIFF in layouts that Pillow does not read, or misreads, as one that it reads."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wespe.photos.srgb import as_srgb
from wespe.photos.tiff.layouts import CMYK, COLOURS, ICC_LAB, LAB, WHITE_IS_0, Layout
from wespe.photos.tiff.samples import samples
from wespe.photos.tiff.tags import Tags, encode_tiff

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


class Plain(NamedTuple):
    """A file in another layout."""

    content: bytes
    alpha: NDArray[np.uint16] | None
    """`(H, W)`, of grey with 16 bits: there is no layout of both that Pillow reads."""


def plain(path: Path) -> Plain | None:
    """The file at `path` as an upright TIFF of 8 or 16 bits in one plane, grey or RGB, each with
    alpha if there is any, with its tags.

    None for a file that needs none of that. Raises what Pillow does for damaged ones.
    """
    layout = Layout.of(path)
    if layout is None or not layout.is_read_here:
        return None
    content = path.read_bytes()
    channels = samples(content, layout)
    colours = channels[..., : COLOURS[layout.photometric]]
    alpha = channels[..., layout.alpha_at : layout.alpha_at + 1] if layout.alpha else None
    profile = layout.tags.get(34675)
    if layout.alpha == 1 and alpha is not None:
        colours = _divided(colours, alpha)
    if layout.photometric == WHITE_IS_0:
        colours = np.iinfo(channels.dtype).max - colours
    elif layout.photometric in {LAB, ICC_LAB}:
        colours, profile = _lab_to_srgb(colours, signed=layout.photometric == LAB), None
    elif layout.photometric == CMYK:
        colours, profile = _cmyk_to_srgb(colours, profile), None
    layers = colours if alpha is None else np.concatenate([colours, alpha], axis=2)
    layers = _TURNS.get(layout.tags.get(274, 1), lambda stored: stored)(layers)
    beside = layers[..., 1] if layers.shape[2] == 2 and layers.dtype == np.uint16 else None
    encoded = encode_tiff(
        np.ascontiguousarray(layers if beside is None else layers[..., :1]),
        "L" if colours.shape[2] == 1 else "RGB",
        tags=Tags.read(content),
        profile=profile,
        compressed=False,
    )
    return Plain(encoded, beside)


def _divided(colours: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Colours that were multiplied with alpha, as they were before."""
    largest = np.iinfo(colours.dtype).max
    divided = (colours.astype(np.uint64) * largest + alpha // 2) // np.maximum(alpha, 1)
    return np.asarray(np.minimum(divided, largest).astype(colours.dtype))


def _cmyk_to_srgb(colours: NDArray[Any], profile: bytes | None) -> NDArray[Any]:
    return np.asarray(as_srgb(Image.fromarray(np.ascontiguousarray(colours), "CMYK"), profile))


def _lab_to_srgb(colours: NDArray[Any], *, signed: bool) -> NDArray[Any]:
    """Lab of 8 or 16 bits, `(H, W, 3)`, as sRGB of as many; a and b signed, or 0 in the middle."""
    largest = np.iinfo(colours.dtype).max
    scale, middle = (largest + 1) // 256, (largest + 1) // 2
    # What has a sign has its half of negative numbers on top.
    centred = colours[..., 1:].astype(np.int32) + (middle if signed else 0)
    a, b = np.moveaxis((centred % (largest + 1) - middle) / scale, -1, 0)
    lightness = (colours[..., 0] / largest * 100 + 16) / 116
    cubes = np.stack([lightness + a / 500, lightness, lightness - b / 200], axis=-1)
    low = (cubes - 16 / 116) * 3 * (6 / 29) ** 2
    linear = (np.where(cubes > 6 / 29, cubes**3, low) * _D50) @ _TO_SRGB.T
    linear = linear.clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray((curved * largest).round().astype(colours.dtype))
