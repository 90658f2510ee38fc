"""Metrics of 8-bit photos, what a user would save; one file each. A key is a column's name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wespe.judging.metrics.brisque import brisque
from wespe.judging.metrics.entropy import entropy_bit
from wespe.judging.metrics.ms_ssim import ms_ssim
from wespe.judging.metrics.png_bpp import png_bpp
from wespe.judging.metrics.psnr import psnr_db
from wespe.judging.metrics.ssim import ssim
from wespe.photos.images import Pixels


@dataclass(frozen=True)
class Metric:
    """A number that one photo has, by itself or against a reference of the same size.

    `function` takes the photo, and the reference if `needs_reference`, uint8 `(H, W, 3)` sRGB; its
    value is NaN where a photo has none.
    `better` says which direction is an improvement; None: the number only describes. It is shown
    with so many `decimals` wherever people read it.
    """

    function: Callable[..., float]
    needs_reference: bool
    label: str
    unit: str
    better: Literal["higher", "lower"] | None
    decimals: int = 2


METRICS: dict[str, Metric] = {
    "psnr_db": Metric(psnr_db, True, "PSNR", "dB", "higher"),
    "ssim": Metric(ssim, True, "SSIM", "", "higher", 3),
    "ms_ssim": Metric(ms_ssim, True, "MS-SSIM", "", "higher", 3),
    "entropy_bit": Metric(entropy_bit, False, "entropy", "bit", None),
    "png_bpp": Metric(png_bpp, False, "PNG size", "bit/px", None),
    "brisque": Metric(brisque, False, "BRISQUE", "", "lower", 1),
}


def measure(photo: Pixels, reference: Pixels | None) -> dict[str, float]:
    """All metrics that can be had, in the order of METRICS; without a reference, those without."""
    values = {}
    for name, metric in METRICS.items():
        if metric.needs_reference and reference is None:
            continue
        photos = (photo, reference) if metric.needs_reference else (photo,)
        value = metric.function(*photos)
        if not math.isnan(value):
            values[name] = value
    return values
