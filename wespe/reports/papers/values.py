"""The tables that the WESPE and the DPED paper print, as `values.csv` has them.

Sources: Ignatov et al., "WESPE", CVPR Workshops 2018, tables 2, 3, 6, 7 and 8; Ignatov et al.,
"DSLR-quality photos on mobile devices", ICCV 2017, table 1. `metric` is a key of ours for what was
measured: the "SSIM" of both papers is this project's MS-SSIM, the entropy that of the 8-bit grey
photo, the bits per pixel those of the RGB PNG, and the PSNR of the DPED paper pools the squared
error over batches, as its code does. The table `x4` of `sr` is of the literature on
super-resolution ×4 (see docs/super_resolution.md), all measured alike: PSNR and SSIM of Y, without
a border of 4 px; SRResNet and SRGAN are there as others trained them anew. `method`: "original" is
the photo as it is, "APE" the Apple Photo Enhancer, "DPED" the network of the DPED paper, "SRCNN"
Dong et al. [4] of that paper.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TITLES = {
    "wespe_2": "Table 2 of the WESPE paper: distance to the DSLR photos of DPED",
    "wespe_3": "Table 3 of the WESPE paper: DPED photos without a reference",
    "wespe_6": "Table 6 of the WESPE paper: photos in the wild without a reference",
    "wespe_7": "Table 7 of the WESPE paper: Flickr Faves Score of DPED photos",
    "wespe_8": "Table 8 of the WESPE paper: Flickr Faves Score of photos in the wild",
    "dped_1": "Table 1 of the DPED paper: distance to the DSLR photos",
    "sr_x4": "Super-resolution ×4, beside what others published",
}
"""By the setting `tables.NAME.paper`."""


@dataclass(frozen=True)
class Printed:
    """A table of a paper, in its order."""

    values: Mapping[tuple[str, str, str], float]
    """By dataset, method and metric."""
    decimals: Mapping[str, int]
    """How many the paper prints, by metric."""

    @property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(dataset for dataset, _, _ in self.values))

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(method for _, method, _ in self.values))

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(metric for _, _, metric in self.values))


@cache
def printed(paper: str) -> Printed:
    """The table `paper`, a key of TITLES."""
    name, _, number = paper.rpartition("_")
    with Path(__file__).with_name("values.csv").open(encoding="utf-8", newline="") as stream:
        rows = [
            row for row in csv.DictReader(stream) if (row["paper"], row["table"]) == (name, number)
        ]
    return Printed(
        {(row["dataset"], row["method"], row["metric"]): float(row["value"]) for row in rows},
        {row["metric"]: len(row["value"].partition(".")[2]) for row in rows},
    )
