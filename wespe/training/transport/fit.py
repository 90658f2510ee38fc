"""The transport between two sets of photos, fitted without pairs.

Two sets of photos differ even where their looks agree, since they show different things, and that
must not count as look: each part of the transport is shrunk by what chance may explain, see
`chance`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wespe.networks.transport import Transport
from wespe.photos.images import Pixels
from wespe.training.transport.chance import LARGEST_GAIN, jackknife, total, trust
from wespe.training.transport.curves import Levels, match_channels, shrunk_curves
from wespe.training.transport.domain import Change, Domain
from wespe.training.transport.joint_colour import fit_mixing

VIVIDNESS = 0.5
"""That of a transport whose domains show other things. Curves that brighten are flat at the top:
with 0 a clear sky lost 7 of 23 units of chroma, with 0.5 it lost 1, and with 1 it won 3 and PSNR
fell by 0.15 dB."""


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
    x = Domain(source, source_photos, whole=not shrink)
    y = Domain(target, target_photos, whole=not shrink)
    return fit_domains(x, y, shrink=shrink, light=light)


def histogram_match(source: Pixels, target: Pixels) -> Levels:
    """What each level of X becomes, `(256, 3)`, for X's levels to have Y's distribution.

    `source`, `target`: as in `fit_transport`. Nothing is shrunk.
    """
    return match_domains(Domain(source), Domain(target))


def match_domains(source: Domain, target: Domain) -> Levels:
    """`histogram_match` of domains that are measured."""
    return match_channels(source.histograms.sum(0), target.histograms.sum(0))


def fit_domains(
    source: Domain,
    target: Domain,
    *,
    shrink: bool,
    light: bool,
    degraded: Change | None = None,
    colours_only: bool = False,
) -> Transport:
    """`fit_transport` of domains that are measured.

    With `degraded`, bands get the contrast that the target's patches have after it; with
    `colours_only` they keep theirs.
    """
    if shrink and min(source.parts, target.parts) == 1:
        return Transport()
    # Where both domains show the same things, colours are as vivid as the curves make them.
    vividness = VIVIDNESS if shrink else 0.0
    levels = shrunk_curves(source.histograms, target.histograms)
    wanted = target.contrasts(Transport())

    def fit_gains(levels: Levels) -> list[float]:
        """Gains of the saturation and of each band for a source that has these curves."""
        after = wanted
        if degraded:
            blurred = target.contrasts(Transport(levels, vividness=vividness), degraded)
            after = [np.append(a[:1], b[1:]) for a, b in zip(wanted, blurred, strict=True)]
        return _shrunk_gains(source.contrasts(Transport(levels, vividness=vividness)), after)

    saturation, *contrast = fit_gains(levels)
    if colours_only:
        contrast = [1.0] * len(contrast)
    else:
        # More contrast spreads the levels, so the curves are those for what it makes.
        contrasted = source.contrasted_histograms(Transport(contrast=contrast))
        levels = shrunk_curves(contrasted, target.histograms)
        saturation, *contrast = fit_gains(levels)
    look = levels, saturation, contrast
    moved = source.moments(Transport(*look, vividness=vividness))
    mixing = fit_mixing(moved, target.moments(Transport()))
    # Vividness, saturation and its clamping have moved the means from where the curves by
    # themselves bring them.
    curves = Transport(levels, contrast=contrast)
    means = _means(source.moments(lambda patches: curves.match(curves.contrasted(patches))))
    constant = means - _means(moved) @ mixing
    brightness = float(means.mean()) if light else 0.0
    return Transport(*look, np.concatenate([constant[None], mixing]), brightness, vividness)


def _means(moments: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of each channel, `(3,)`."""
    sums = np.sum(moments, axis=0)
    means: NDArray[np.float64] = sums[0, 1:] / sums[0, 0]
    return means


def _shrunk_gains(
    source: Sequence[NDArray[np.float64]], target: Sequence[NDArray[np.float64]]
) -> list[float]:
    """Gains of the saturation and of each band, from the contrasts of the domains' parts."""

    def log_gains(before: NDArray[np.float64], after: NDArray[np.float64]) -> Levels:
        mean_squares = [sums[:-1] / sums[-1] + 1e-12 for sums in (before, after)]
        gains: Levels = 0.5 * np.log(mean_squares[1] / mean_squares[0])
        return gains

    found, chance = jackknife(log_gains, source, target, total)
    errors = np.sum(np.square(chance), axis=0) if chance else np.zeros_like(found)
    shrunk = [gain * trust(gain**2, error) for gain, error in zip(found, errors, strict=True)]
    return [float(gain) for gain in np.exp(shrunk).clip(1 / LARGEST_GAIN, LARGEST_GAIN)]
