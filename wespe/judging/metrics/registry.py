"""Metrics of 8-bit photos, what a user would save; one file each. A key is a column's name.

Their code is imported where it measures.
"""

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wespe.results.score import Score


@dataclass(frozen=True)
class Metric:
    """A number that one photo has, by itself or against a reference of the same size.

    `function`, as `module:function`, takes the photo, and the reference if `needs_reference`,
    uint8 `(H, W, 3)` sRGB; its value is NaN where a photo has none. `shown`: how the number is
    shown, wherever people read it. One that `needs_weights` takes `weights`, the file with VGG-19's
    convolutions or None for those that are downloaded.
    """

    function: str
    needs_reference: bool
    shown: Score
    needs_weights: bool = False

    def __call__(self, *photos: Any, weights: Path | None = None) -> float:
        """The number of a photo, or of a photo and its reference."""
        given = {"weights": weights} if self.needs_weights else {}
        value: float = pkgutil.resolve_name(self.function)(*photos, **given)
        return value


_HERE = "wespe.judging.metrics"
METRICS: dict[str, Metric] = {
    "psnr_db": Metric(f"{_HERE}.psnr:psnr_db", True, Score("PSNR", "dB", "higher")),
    "ssim": Metric(f"{_HERE}.ssim:ssim", True, Score("SSIM", "", "higher", 3)),
    "ms_ssim": Metric(f"{_HERE}.ms_ssim:ms_ssim", True, Score("MS-SSIM", "", "higher", 3)),
    "psnr_y_db": Metric(f"{_HERE}.luma:psnr_y_db", True, Score("PSNR of Y", "dB", "higher")),
    "ssim_y": Metric(f"{_HERE}.luma:ssim_y", True, Score("SSIM of Y", "", "higher", 4)),
    "vgg_distance": Metric(
        f"{_HERE}.vgg_distance:vgg_distance",
        needs_reference=True,
        shown=Score("VGG distance", "", "lower", 3),
        needs_weights=True,
    ),
    "entropy_bit": Metric(f"{_HERE}.entropy:entropy_bit", False, Score("entropy", "bit")),
    "png_bpp": Metric(f"{_HERE}.png_bpp:png_bpp", False, Score("PNG size", "bit/px")),
    "brisque": Metric(f"{_HERE}.brisque:brisque", False, Score("BRISQUE", "", "lower", 1)),
}
"""By the names in the setting `evaluations.NAME.metrics`."""


def needs_weights(metrics: Iterable[str]) -> bool:
    """Whether one of these metrics does."""
    return any(METRICS[name].needs_weights for name in metrics)
