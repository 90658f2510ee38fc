"""What papers' own user studies found. Never mixed with this project's."""

import re
from collections.abc import Iterable

from wespe.results.studies import PaperFraction, PaperRow, PaperStudy

PAPER = PaperStudy(
    source="Ignatov et al., WESPE, CVPR Workshops 2018, table 5",
    about="38 people, seven photos a set; the fraction of times that WESPE, trained towards DIV2K, "
    "was preferred over the original and over Apple Photos' enhancement (APE). The paper does not "
    "say what its ± is.",
    table_5=(
        PaperRow(
            against="original",
            fractions={
                "Cityscapes": (0.94, 0.03),
                "KITTI": (0.81, 0.10),
                "HTC M9": (0.73, 0.08),
                "Huawei P9": (0.63, 0.11),
                "iPhone 6": (0.70, 0.10),
            },
        ),
        PaperRow(
            against="APE",
            fractions={
                "Cityscapes": (0.96, 0.03),
                "KITTI": (0.65, 0.16),
                "HTC M9": (0.53, 0.09),
                "Huawei P9": (0.44, 0.12),
                "iPhone 6": (0.62, 0.15),
            },
        ),
    ),
)


SRGAN_METHODS = ("nearest", "bicubic", "SRCNN", "SRResNet", "SRGAN", "HR")
SRGAN_SCORES = {
    "Set5": (1.28, 1.97, 2.57, 3.37, 3.58, 4.32),
    "Set14": (1.20, 1.80, 2.26, 2.98, 3.72, 4.32),
    "BSD100": (1.11, 1.47, 1.87, 2.29, 3.56, 4.46),
}
"""Mean opinion scores of ×4 super-resolution by `SRGAN_METHODS`.

Source: Ledig et al., SRGAN, CVPR 2017, table 2.
"""


def srgan_sets(names: Iterable[str | None]) -> list[str]:
    """The sets of SRGAN's table that have one of these names, such as `set5`."""
    plain = {_plain(name) for name in names if name}
    return [known for known in SRGAN_SCORES if _plain(known) in plain]


def paper_fraction(name: str | None, against: str) -> PaperFraction | None:
    """The paper's fraction and ± for the set of that name, such as `iphone_6`, if it has one."""
    for row in PAPER.table_5:
        for known, (fraction, plus_minus) in row.fractions.items():
            if name and (_plain(known), row.against.lower()) == (_plain(name), against.lower()):
                return PaperFraction(fraction=fraction, plus_minus=plus_minus)
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
