"""Table 5 of the WESPE paper: what its own user study found. Never mixed with this project's."""

import re

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


def paper_fraction(name: str | None, against: str) -> PaperFraction | None:
    """The paper's fraction and ± for the set of that name, such as `iphone_6`, if it has one."""
    for row in PAPER.table_5:
        for known, (fraction, plus_minus) in row.fractions.items():
            if name and (_plain(known), row.against.lower()) == (_plain(name), against.lower()):
                return PaperFraction(fraction=fraction, plus_minus=plus_minus)
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
