"""How much the finest detail of restored photos is amplified, found without pairs."""

import math

import numpy as np
import torch
from torch import Tensor

from wespe.networks.generator import Generator
from wespe.training.camera.fit import spectra

SHARE = 0.9
"""Of the decibels that are lacking, the share that the gain makes up: a gain gives back power, not
details, and noise with it."""
LARGEST = 1.8
"""A larger gain makes grain of noise. On real pairs gains of 1, 1.4, 1.6, 1.8 and 2 had an SSIM of
0.7983, 0.7995, 0.7997, 0.7997 and 0.7994, and 21.20, 21.19, 21.18, 21.17 and 21.15 dB."""

_RINGS = slice(4, 9)  # from 0.2 to 0.45 cycles a px
_HALVINGS = 8


@torch.no_grad()
def fit_detail(generator: Generator, source: Tensor, target: Tensor) -> float:
    """The gain for `generator.detail`, from 1 to `LARGEST`, rounded to 1/100.

    `source`, `target`: patches `(N, 3, S, S)` in [0, 1] of the two domains, on the generator's
    device; S is at least 32. The gain makes up `SHARE` of the difference between the logarithms of
    the mean power of what the generator makes of the source, and of the target. The buffer of the
    generator has another value while this runs.
    """
    assert generator.detail is not None
    gain = generator.detail
    prepared = generator.prepare(source)
    chunks = torch.split(prepared, 16)
    convolved = torch.cat([generator.convolve(some) for some in chunks])
    neutral = prepared.new_tensor(generator.neutral).expand(len(prepared), -1)
    wanted, was = _power(target), float(gain)

    def lacking(value: float) -> float:
        gain.fill_(value)
        return wanted - _power(generator.finish(prepared, convolved, neutral))

    least = (1 - SHARE) * lacking(1.0)
    low, high = 1.0, LARGEST
    for _ in range(_HALVINGS if least > 0 else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if lacking(middle) > least else (low, middle)
    gain.fill_(was)
    return round(float(np.sqrt(low * high)), 2) if least > 0 else 1.0


def _power(patches: Tensor) -> float:
    """The mean logarithm of the power of the luma in fine rings, of patches clamped to [0, 1]."""
    luma = spectra(patches.clamp(0, 1))[0][_RINGS]
    power = float(luma.log().mean())
    assert math.isfinite(power)
    return power
