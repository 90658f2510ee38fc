"""The transport between two sets of photos, fitted without pairs.

Two sets of photos differ even where their looks agree, since they show different things, and that
must not count as look: each part of the transport is shrunk by what chance may explain, see
`wespe.training.chance`.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wespe.data.patches.store import PatchSet
from wespe.networks.transport import BAND_EDGES_PX, Transport, bands
from wespe.photos.filters import grey
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_tensor
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.fit import fit_degradation
from wespe.training.chance import PARTS, jackknife, trust
from wespe.training.joint_colour import fit_mixing, moments

# Patches of a memory map that are looked at together.
_CHUNK_PIXELS = 2**22
# Patches a domain that contrast and saturation are measured on, evenly spread.
_MEASURED = 2000
# Patches a domain that the degradation is fitted to.
_DEGRADED = 200
# A larger difference is taken for content: 15 vivid photos asked for twice the saturation.
_LARGEST_GAIN = 1.4

Counts = NDArray[np.int64]
Levels = NDArray[np.float64]


def _sample(patches: Pixels) -> Tensor:
    """Patches that a degradation is fitted to, evenly spread, `(n, 3, S, S)`."""
    numbers = np.linspace(0, len(patches) - 1, min(len(patches), _DEGRADED)).astype(int)
    return to_tensor(patches[np.unique(numbers)])


class Transports:
    """The transports from each domain to the look of the other, fitted when first asked for.

    `shrink`, `light`: as in `fit_transport`. `texture`: other photos whose texture is as clean as
    the target's, whatever their colours.
    """

    def __init__(
        self,
        source: PatchSet,
        target: PatchSet,
        texture: PatchSet | None = None,
        *,
        shrink: bool,
        light: bool = False,
    ) -> None:
        self._shrink, self._light = shrink, light
        self._source, self._target = (
            _Domain(patches.pixels, patches.photos, whole=not shrink)
            for patches in (source, target)
        )
        self._taken, self._clean = source.pixels, (texture or target).pixels

    @cached_property
    def forth(self) -> Transport:
        """From the source to the target."""
        return _fit(self._source, self._target, shrink=self._shrink, light=self._light)

    @cached_property
    def back(self) -> Transport:
        """From the target to the source."""
        return _fit(self._target, self._source, shrink=self._shrink, light=self._light)

    @cached_property
    def degradation(self) -> DegradationNumbers:
        """What the source's camera does to clean photos: those of texture, else of the target."""
        return fit_degradation(_sample(self._taken), self.back.recolour(_sample(self._clean)))

    @cached_property
    def histogram_match(self) -> Levels:
        """The plain histogram match from the source to the target, `(256, 3)`."""
        return _match_histograms(self._source, self._target)


def fit_transport(
    source: Pixels,
    target: Pixels,
    *,
    source_photos: NDArray[np.int64] | None = None,
    target_photos: NDArray[np.int64] | None = None,
    shrink: bool = True,
    light: bool = False,
) -> Transport:
    """The transport between two sets of patches, uint8 `(N, S, S, 3)`, memory maps or not.

    `source_photos`, `target_photos` `(N,)`: a number for the photo that each patch is of; by
    default each is of its own. From a set of one photo nothing can be learned, so the transport
    changes nothing. Without `shrink`, for sets that show the same things, the differences are used
    as they are. With `light` it also brings each whole photo to the mean brightness that photos of
    the source have after it.
    """
    x = _Domain(source, source_photos, whole=not shrink)
    y = _Domain(target, target_photos, whole=not shrink)
    return _fit(x, y, shrink=shrink, light=light)


def histogram_match(source: Pixels, target: Pixels) -> Levels:
    """What each level of X becomes, `(256, 3)`, for X's levels to have Y's distribution.

    `source`, `target`: as in `fit_transport`. Nothing is shrunk.
    """
    return _match_histograms(_Domain(source), _Domain(target))


class _Domain:
    """The patches of a domain, and which part of its photos each belongs to.

    `whole`: they are all of one part, and nothing is left out.
    """

    def __init__(
        self, patches: Pixels, photos: NDArray[np.int64] | None = None, *, whole: bool = False
    ) -> None:
        self._patches = patches
        photos = np.arange(len(patches)) if photos is None else photos
        ranks = np.unique(photos, return_inverse=True)[1]
        self.parts = 1 if whole else min(PARTS, int(ranks.max()) + 1)
        self._part_of = ranks % self.parts

    @cached_property
    def histograms(self) -> Counts:
        """How often each channel has each of its levels, in each part: `(parts, 3, 256)`."""
        counts = np.zeros((self.parts, 3, 256), np.int64)
        for patch, part in zip(self._patches, self._part_of, strict=True):
            for channel in range(3):
                levels = cv2.calcHist([patch], [channel], None, [256], [0, 256])
                counts[part, channel] += levels.ravel().astype(np.int64)
        return counts

    def contrasts(self, look: Transport) -> list[NDArray[np.float64]]:
        """The squares of the chroma and of each band of the luma, after the curves of `look`.

        Of each part the sums over its patches of the means over their pixels, then the number of
        patches: `(bands + 2,)`.
        """
        sums = np.zeros((self.parts, len(BAND_EDGES_PX) + 1))
        for parts, patches in self._chunks():
            image = look.match(patches)
            luma = grey(image)
            squares = [
                part.square().mean((1, 2, 3)).double() for part in (image - luma, *bands(luma))
            ]
            rows = torch.stack([*squares, torch.ones(len(parts), dtype=torch.double)], dim=1)
            np.add.at(sums, parts, rows.numpy())
        return [*sums]

    def moments(self, look: Transport) -> list[NDArray[np.float64]]:
        """The `joint_colour.moments` of each part after `look`."""
        sums = np.zeros((self.parts, 4, 4))
        for parts, patches in self._chunks():
            for part, image in zip(parts, look(patches), strict=True):
                sums[part] += moments(image.flatten(1).T.double().numpy())
        return [*sums]

    def _chunks(self) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Patches that are measured, `(n, 3, S, S)`, and which part each belongs to."""
        chosen = self._measured()
        step = max(1, _CHUNK_PIXELS // (4 * self._patches.shape[1] * self._patches.shape[2]))
        for first in range(0, len(chosen), step):
            chunk = chosen[first : first + step]
            yield self._part_of[chunk], to_tensor(self._patches[chunk])

    def _measured(self) -> NDArray[np.int64]:
        """The numbers of the patches that contrasts and colours are measured on."""
        count = min(len(self._patches), _MEASURED)
        return np.unique(np.linspace(0, len(self._patches) - 1, count).astype(np.int64))


def _fit(source: _Domain, target: _Domain, *, shrink: bool, light: bool) -> Transport:
    if shrink and min(source.parts, target.parts) == 1:
        return Transport()
    levels = _shrunk_levels(source.histograms, target.histograms)
    before, after = source.contrasts(Transport(levels)), target.contrasts(Transport())
    saturation, *contrast = np.clip(_shrunk_gains(before, after), 1 / _LARGEST_GAIN, _LARGEST_GAIN)
    look = levels, float(saturation), [float(gain) for gain in contrast]
    moved = source.moments(Transport(*look))
    mixing = fit_mixing(moved, target.moments(Transport()))
    # The gains and their clamping have moved the means from where the curves had brought them.
    means = _means(source.moments(Transport(levels)))
    constant = means - _means(moved) @ mixing
    brightness = float(means.mean()) if light else 0.0
    return Transport(*look, np.concatenate([constant[None], mixing]), brightness)


def _means(moments: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of each channel, `(3,)`."""
    sums = np.sum(moments, axis=0)
    means: NDArray[np.float64] = sums[0, 1:] / sums[0, 0]
    return means


def _match_histograms(source: _Domain, target: _Domain) -> Levels:
    return _match_channels(source.histograms.sum(0), target.histograms.sum(0))


def _shrunk_levels(source: Counts, target: Counts) -> Levels:
    """What each level becomes, from the histograms of the domains' parts.

    Two things are shrunk apart: what all channels share, and what a channel adds to it.
    """
    found, chance = jackknife(_match_channels, [*source], [*target], _sum)
    share = source.sum((0, 1)) / source.sum()  # of the pixels at each level
    identity = np.arange(256.0)[:, None]

    def shared(change: Levels) -> Levels:
        return np.broadcast_to(change.mean(-1, keepdims=True), change.shape)

    def own(change: Levels) -> Levels:
        return change - shared(change)

    def energy(change: Levels) -> float:
        return float((share[:, None] * change**2).sum())

    levels = identity
    for part in (shared, own):
        change = part(found - identity)
        levels = levels + trust(energy(change), sum(energy(part(e)) for e in chance)) * change
    # Where the shared part is shrunk more than the channels', a curve may fall somewhere.
    monotone: Levels = np.maximum.accumulate(levels, axis=0)
    return monotone


def _shrunk_gains(
    source: Sequence[NDArray[np.float64]], target: Sequence[NDArray[np.float64]]
) -> Levels:
    """Gains of the saturation and of each band, from the contrasts of the domains' parts."""

    def log_gains(before: NDArray[np.float64], after: NDArray[np.float64]) -> Levels:
        mean_squares = [sums[:-1] / sums[-1] + 1e-12 for sums in (before, after)]
        gains: Levels = 0.5 * np.log(mean_squares[1] / mean_squares[0])
        return gains

    found, chance = jackknife(log_gains, source, target, _sum)
    errors = np.sum(np.square(chance), axis=0) if chance else np.zeros_like(found)
    shrunk = [gain * trust(gain**2, error) for gain, error in zip(found, errors, strict=True)]
    gains: Levels = np.exp(shrunk)
    return gains


def _sum(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    total: NDArray[Any] = np.sum(parts, axis=0)
    return total


def _match_channels(source: Counts, target: Counts) -> Levels:
    """Each channel's curve from one histogram to another, `(3, 256)` each: `(256, 3)`."""
    return np.stack([_match(*pair) for pair in zip(source, target, strict=True)], axis=-1)


def _match(source: Counts, target: Counts) -> Levels:
    """The monotone curve, 256 levels, from one histogram to another.

    A level stands for the middle of its pixels in the cumulative distribution; between the levels
    that the target has, the curve is interpolated. Equal histograms give the identity.
    """
    present = target > 0
    return np.interp(_mid_ranks(source), _mid_ranks(target)[present], np.flatnonzero(present))


def _mid_ranks(counts: Counts) -> Levels:
    """The share of pixels below each level, plus half the share of those at it."""
    ranks: Levels = (np.cumsum(counts) - counts / 2) / counts.sum()
    return ranks
