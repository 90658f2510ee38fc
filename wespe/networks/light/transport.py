"""`wespe.networks.transport.Transport` without torch, for one photo."""

import itertools
import math
from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.networks.light.graph import Arrays
from wespe.networks.light.network import Planes
from wespe.networks.transport_numbers import (
    BAND_EDGES_PX,
    DARKEST,
    DETAIL_FIELD_PX,
    DETAIL_PX,
    HALVINGS,
    INTENDED,
    LARGEST_LOG_GAMMA,
    RATIO_FLOOR,
    SLOPE_LEVELS,
)
from wespe.photos.blur_reach import REACH
from wespe.photos.luma import LUMA

_LUMA = np.array(LUMA, np.float32).reshape(1, 3, 1, 1)
# Values that are moved at once: more do not fit into a processor's cache.
_AT_ONCE = 2**16


class LightTransport:
    """The look of a file's weights; methods are those of `Transport`, on `(1, 3, h, w)`."""

    def __init__(self, arrays: Arrays) -> None:
        parts = (arrays[f"transport.{name}"] for name in ("curves", "gains", "mixing"))
        curves, (saturation, *contrast), mixing = parts
        self._curves = [np.ascontiguousarray(curve) for curve in curves.T]
        self._vividness = arrays["transport.vividness"]
        self._vivid = self._vividness * _chroma_gain(curves.mean(1))
        self._saturation, self._contrast = saturation, contrast
        self._constant, self._linear = mixing[0], mixing[1:]
        self._brightness = arrays["transport.brightness"]

    def contrasted(self, image: Planes) -> Planes:
        """The part that looks at neighbours: the contrast of the luma. Not clamped."""
        luma = _grey(image)
        for gain, band in zip(self._contrast, _bands(luma[0, 0]), strict=False):
            image = image + (gain - np.float32(1)) * band
        return image

    def recolour(self, image: Planes, gamma: Planes | None = None) -> Planes:
        """All else, of each pixel by itself; `gamma` as in `Transport`."""
        return _by_rows(image, lambda rows: self._recoloured(rows, gamma))

    def gamma(self, seen: Planes) -> Planes:
        """The power, `(1, 1)`, that brings the photo's mean to `brightness`."""
        values = np.log(np.maximum(self.recolour(seen), np.float32(DARKEST)))
        low, high = np.float32(-LARGEST_LOG_GAMMA), np.float32(LARGEST_LOG_GAMMA)
        for _ in range(HALVINGS):
            middle = (low + high) / np.float32(2)
            if np.exp(values * np.exp(middle)).mean() > self._brightness:
                low = middle
            else:
                high = middle
        wanted = (low + high) / np.float32(2)
        gamma = np.exp(wanted * np.exp(-((wanted / np.float32(INTENDED)) ** 4)))
        return np.full((1, 1), gamma, np.float32)

    def _recoloured(self, image: Planes, gamma: Planes | None) -> Planes:
        toned = self._toned(image)
        luma = _grey(toned)
        toned -= luma
        toned *= self._saturation
        toned += luma
        moved = self._mixed(toned.clip(0, 1, out=toned))
        if gamma is None:
            return moved
        lit: Planes = np.power(np.maximum(moved, np.float32(DARKEST)), gamma[0, 0])
        return lit

    def _toned(self, image: Planes) -> Planes:
        """The curves, and a share of the chroma that their slopes take or give. Not clamped."""
        image = image.clip(0, 1)
        channels = enumerate(self._curves)
        matched = np.stack([_interpolated(curve, image[:, c]) for c, curve in channels], axis=1)
        if not self._vividness:
            return matched
        luma = _grey(image)
        image -= luma
        image *= _interpolated(self._vivid, luma)
        image += matched
        return image

    def _mixed(self, image: Planes) -> Planes:
        """Only the joint map of the channels, clamped."""
        mixed = np.empty_like(image)
        for channel in range(3):
            red, green, blue = self._linear[:, channel]
            made = mixed[:, channel]
            np.multiply(image[:, 0], red, out=made)
            made += self._constant[channel]
            made += green * image[:, 1]
            made += blue * image[:, 2]
        return mixed.clip(0, 1, out=mixed)


def _chroma_gain(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """At each level of luma, what keeps the ratios of the channels, as a share of the chroma."""
    level = np.arange(256)
    above, below = np.minimum(level + SLOPE_LEVELS, 255), np.maximum(level - SLOPE_LEVELS, 0)
    chord = (255 * curve + RATIO_FLOOR) / (level + RATIO_FLOOR)
    slope = 255 * (curve[above] - curve[below]) / (above - below)
    return np.asarray(chord - slope, np.float32)


def _interpolated(table: NDArray[np.float32], values: Planes) -> Planes:
    """What a table of 256 levels has at values in [0, 1], linear between the levels."""
    place = values * np.float32(255)
    below = np.minimum(place, np.float32(254)).astype(np.intp)  # the floor of what is not below 0
    place -= below.astype(np.float32)
    place *= np.diff(table)[below]
    place += table[below]
    return place


def fine_detail(image: Planes) -> Planes:
    """What of the luma is finer than a blur of `DETAIL_PX`, `(1, 1, h, w)`, as in `Transport`."""
    luma = _grey(image)
    if min(luma.shape[2:]) <= DETAIL_FIELD_PX:
        return np.zeros_like(luma)
    fine: Planes = luma - _blurred(luma[0, 0], DETAIL_PX)
    return fine


def _by_rows(image: Planes, change: Callable[[Planes], Planes]) -> Planes:
    """What `change` makes of each pixel by itself, a few rows at a time."""
    changed = np.empty(image.shape, np.float32)
    rows = max(1, _AT_ONCE // (3 * image.shape[3]))
    for top in range(0, image.shape[2], rows):
        changed[:, :, top : top + rows] = change(image[:, :, top : top + rows])
    return changed


def _grey(image: Planes) -> Planes:
    luma: Planes = (image * _LUMA).sum(1, keepdims=True)
    return luma


def _bands(luma: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The luma `(h, w)` between each two neighbouring blurs, fine to coarse."""
    largest_px = (min(luma.shape) - 1) / REACH
    blurred = [_blurred(luma, edge) for edge in BAND_EDGES_PX if edge <= largest_px]
    return (fine - coarse for fine, coarse in itertools.pairwise(blurred))


def _blurred(luma: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    kernel = _gaussian(sigma_px)
    # Mirrored at the border without repeating its pixels, as torch's "reflect".
    blurred = cv2.sepFilter2D(luma, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32)


@cache
def _gaussian(sigma_px: float) -> NDArray[np.float32]:
    radius = math.ceil(REACH * sigma_px)
    offsets = np.arange(-radius, radius + 1, dtype=np.float32)
    kernel = np.exp(-np.square(offsets) / np.float32(2 * sigma_px**2))
    return np.asarray(kernel / kernel.sum(), np.float32)
