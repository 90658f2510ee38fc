"""The curve of each channel, from one distribution of levels to another."""

import numpy as np
from numpy.typing import NDArray

from wespe.training.transport.chance import add_trusted, jackknife, total
from wespe.training.transport.domain import Counts

Levels = NDArray[np.float64]


def shrunk_curves(source: Counts, target: Counts) -> Levels:
    """What each level becomes, from the histograms of the domains' parts.

    Two things are shrunk apart: what all channels share, and what a channel adds to it.
    """
    found, errors = jackknife(match_channels, [*source], [*target], total)
    share = source.sum((0, 1)) / source.sum()  # of the pixels at each level
    identity = np.arange(256.0)[:, None]

    def energy(change: Levels) -> float:
        return float((share[:, None] * change**2).sum())

    levels = add_trusted(identity, found - identity, errors, energy)
    # Where the shared part is shrunk more than the channels', a curve may fall somewhere.
    monotone: Levels = np.maximum.accumulate(levels, axis=0)
    return monotone


def match_channels(source: Counts, target: Counts) -> Levels:
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
