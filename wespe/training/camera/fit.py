"""A camera's degradation, found without pairs: what makes clean photos look like the camera's.

Two things of a set of patches need no pair: the mean power spectrum, in rings of frequency, and the
noise of its flattest parts at each level. The degradation is sought whose effect on clean patches,
in the source's colours, gives both as the source has them. How contrasty scenes are is not the
camera's business: spectra are compared up to a factor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wespe.photos.filters import gaussian_blur
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.degradation import Degradation
from wespe.training.camera.jpeg import to_ycc

NOISE_LEVELS = 6
"""Steps of luma at which noise is measured."""

_PATCHES = 128  # of each domain, so that a search takes a minute
_RINGS = 10  # of frequency, up to half a cycle a px
_SCENE_RINGS = slice(1, 3)  # whose mean ratio is that of the scenes' contrast
_BLOCK_PX = 16
_FLATTEST = 0.2  # of the blocks of a level
_FEWEST_BLOCKS = 30
_SMALLEST_NOISE = 0.05  # levels, so that clipped skies have a logarithm
_CLIPPED = math.log(0.3)
# Of the spectrum of luma, that of chroma and the noise. Chroma has noise in large blobs, which the
# degradation does not make.
_WEIGHTS = (1.0, 0.05, 1.0)

# The largest blur, the largest factor of the noise, shared noise, grain, the lowest quality.
_LOWEST = np.array([0.3, 0.0, 0.2, 0.1, 70.0])
_HIGHEST = np.array([2.0, 6.0, 0.8, 0.9, 97.0])
# Means do not tell how wide a range is. A network that has seen too narrow a range smooths whatever
# is less noisy, so the least is a small part of the most.
_LEAST_BLUR, _LEAST_NOISE = 0.43, 0.25
_BEST_QUALITY = 98.0  # beyond it JPEG adds nothing that is seen
_WIDEST_QUALITY = 10.0  # between the photos of a camera whose files say what they have
_FIRST, _LATER, _KEPT = 30, 70, 3

Point = NDArray[np.float64]


@dataclass(frozen=True)
class Texture:
    """What is compared: logarithms of spectra `(2, rings)` and noise `(levels, 2)`, luma first."""

    spectra: Tensor
    noise: Tensor

    @classmethod
    def of(cls, patches: Tensor) -> "Texture":
        """That of patches `(N, 3, S, S)` in [0, 1]; NaN for a noise that too few blocks show."""
        ycc = _ycc(patches)
        return cls(_spectra(ycc).log(), _flat_noise(ycc).log())

    def mismatch(self, other: "Texture") -> float:
        """The root mean square of the differences, up to a factor on the spectra."""
        spectra = self.spectra - other.spectra
        spectra = (spectra - spectra[:, _SCENE_RINGS].mean(1, keepdim=True))[:, 1:]
        # Clipped skies have no noise, whatever the camera does.
        noise = (self.noise - other.noise)[other.noise[:, 0] > _CLIPPED]
        parts = (spectra[0], spectra[1], noise[:, 0])
        errors = torch.stack([part.nan_to_num().square().mean().nan_to_num() for part in parts])
        weights = errors.new_tensor(_WEIGHTS)
        return float((weights * errors).sum().div(weights.sum()).sqrt())


def fit_degradation(
    source: Tensor, clean: Tensor, *, files_quality: int | None = None
) -> DegradationNumbers:
    """What `clean` patches need to look as if the source's camera had taken them.

    `source`, `clean`: `(N, 3, S, S)` in [0, 1], of the same colours, S at least 32. A random search
    that narrows, the same for the same patches; a minute of a CPU. Patches without texture or
    noise give no blur and no noise to find; `mismatch` tells how well it went. `files_quality`:
    what the source's files have by their own tables, see `PatchManifest.jpeg_quality`. They were
    compressed as strongly as that, or a little more; but one near 100 says nothing, since no camera
    saves so: the photos were saved anew.
    """
    best, lowest, highest = _BEST_QUALITY, _LOWEST.copy(), _HIGHEST.copy()
    if files_quality is not None and files_quality < best:
        best = files_quality
        lowest[-1], highest[-1] = max(1, best - _WIDEST_QUALITY), best
    source, clean = source[_spread(len(source))], clean[_spread(len(clean))]
    wanted = Texture.of(source)
    # Where no block is flat, the noise is taken for that of the other levels.
    levels = wanted.noise[:, 0].exp()
    curve = torch.nan_to_num(levels, nan=float(torch.nan_to_num(levels.nanmean())))

    def described(point: Point) -> DegradationNumbers:
        blur_px, factor, shared, grain_px, quality = point.tolist()
        return DegradationNumbers(
            blur_px=(_LEAST_BLUR * blur_px, blur_px),
            noise_levels=tuple(curve.tolist()),
            noise_factor=(_LEAST_NOISE * factor, factor),
            shared_noise=shared,
            grain_px=(grain_px, grain_px),
            jpeg_quality=(quality, best),
            files_quality=files_quality,
            mismatch=None,
        )

    def mismatch(point: Point) -> float:
        stream = torch.Generator(clean.device).manual_seed(0)
        degraded = Degradation(described(point))(clean, stream)
        return Texture.of(degraded).mismatch(wanted)

    point, least = _search(mismatch, lowest, highest)
    return replace(described(point), mismatch=least)


def _search(cost: Callable[[Point], float], lowest: Point, highest: Point) -> tuple[Point, float]:
    """The point of least cost that a random search finds, whose steps become smaller."""
    random, extent = np.random.default_rng(0), highest - lowest
    points = [lowest + extent * random.random(len(extent)) for _ in range(_FIRST)]
    best = sorted(((cost(point), number) for number, point in enumerate(points)))[:_KEPT]
    found = [(least, points[number]) for least, number in best]
    for step in range(_LATER):
        _, start = found[random.integers(len(found))]
        moved = random.random(len(extent)) < 0.4
        size = 0.25 * 0.1 ** (step / _LATER)
        point = start + size * extent * moved * random.standard_normal(len(extent))
        point = point.clip(lowest, highest)
        found = sorted([*found, (cost(point), point)], key=lambda entry: entry[0])[:_KEPT]
    least, point = found[0]
    return point, least


def spectra(patches: Tensor) -> Tensor:
    """The mean power of luma and chroma of patches `(N, 3, S, S)` in [0, 1], in ten rings of
    frequency up to half a cycle a px: `(2, 10)`."""
    return _spectra(_ycc(patches))


def _ycc(patches: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", to_ycc(patches.device), 255 * patches)


def _spectra(ycc: Tensor) -> Tensor:
    """The mean power of luma and chroma in each ring of frequency, `(2, rings)`."""
    side = ycc.shape[-1]
    window = torch.hann_window(side, periodic=False, device=ycc.device)
    varying = (ycc - ycc.mean((2, 3), keepdim=True)) * window[:, None] * window
    power = torch.fft.rfft2(varying).abs().square().mean(0)
    across, along = (f(side, device=ycc.device) for f in (torch.fft.fftfreq, torch.fft.rfftfreq))
    ring = (2 * _RINGS * (across[:, None] ** 2 + along**2).sqrt()).ceil() - 1
    sums = torch.stack([power[:, ring == number].mean(1) for number in range(_RINGS)], dim=1)
    return torch.stack([sums[0], sums[1:].mean(0)]).clamp(min=1e-9)


def _flat_noise(ycc: Tensor) -> Tensor:
    """The noise of luma and chroma in levels, at each step of luma: `(NOISE_LEVELS, 2)`.

    The finest band (the photo minus its blur of 1 px) of the flattest blocks; 1.4826 times the
    median deviation is the standard deviation of a Gaussian's noise.
    """
    smooth, fine = _blocks(gaussian_blur(ycc, 2.0)), _blocks(ycc - gaussian_blur(ycc, 1.0))
    deviation = (fine - fine.median(2, keepdim=True).values).abs().median(2).values
    noise = 1.4826 * torch.stack([deviation[:, 0], deviation[:, 1:].mean(1)], dim=1)
    level, activity = smooth[:, 0].mean(1), smooth[:, 0].std(1)
    step = (level * NOISE_LEVELS / 256).long()
    found = noise.new_full((NOISE_LEVELS, 2), float("nan"))
    for number in range(NOISE_LEVELS):
        chosen = step == number
        if int(chosen.sum()) >= _FEWEST_BLOCKS:
            flat = activity[chosen] <= activity[chosen].quantile(_FLATTEST)
            found[number] = noise[chosen][flat].median(0).values + _SMALLEST_NOISE
    return found


def _blocks(image: Tensor) -> Tensor:
    """The whole blocks of `(N, C, H, W)`, each as a row of pixels: `(M, C, _BLOCK_PX²)`."""
    blocks = image.unfold(2, _BLOCK_PX, _BLOCK_PX).unfold(3, _BLOCK_PX, _BLOCK_PX)
    return blocks.permute(0, 2, 3, 1, 4, 5).flatten(4).flatten(0, 2)


def _spread(count: int) -> list[int]:
    """Numbers of at most `_PATCHES` of `count` patches, evenly spread."""
    numbers: list[int] = np.linspace(0, count - 1, min(count, _PATCHES)).astype(int).tolist()
    return numbers
