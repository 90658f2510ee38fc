"""How much the finest detail of restored photos is amplified, found without pairs."""

import math

import numpy as np
import torch
from torch import Tensor

from wespe.networks.generator import Generator
from wespe.training.camera.fit import spectra
from wespe.training.transport.chance import LARGEST_GAIN

SHARE = 0.7
"""Of the decibels that are lacking, the share that the gain makes up. All of it costs 0.06 dB of
PSNR and 0.0015 of SSIM on real photos, twice as much as this share: a gain gives back power, not
details."""

_RINGS = slice(4, 9)  # from 0.2 to 0.45 cycles a px
_HALVINGS = 8


@torch.no_grad()
def fit_detail(generator: Generator, source: Tensor, target: Tensor) -> float:
    """The gain for `generator.detail`, from 1 to `LARGEST_GAIN`, rounded to 1/100.

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
    low, high = 1.0, LARGEST_GAIN
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
