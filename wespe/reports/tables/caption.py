"""What a reader has to know to read a table."""

from wespe.results.statistics import RESAMPLES


def caption(paper: str | None, *, grouped: bool = False, crops: bool = False) -> str:
    """The sentences under a table.

    `grouped`: whether several files count as one photo; `crops`: whether an evaluation measured
    crops of photos that were enhanced as a whole.
    """
    said = [
        "Means over photos with 95 % bootstrap intervals over photos "
        f"(percentiles of {RESAMPLES:,} draws)."
    ]
    if grouped:
        said.append("Crops of one photo count as one, by their mean.")
    elif crops:
        said.append(
            "Where crops of whole photos were measured, means and n are of crops; intervals draw "
            "photos with all their crops, and p is of the photos' means."
        )
    said.append(
        "p: Wilcoxon's signed-rank test against the originals of the same photos, two-sided, "
        "not corrected for the number of comparisons."
    )
    if paper is None:
        return " ".join(said)
    if paper == "sr_x4":
        return " ".join([*said, _SUPER_RESOLUTION])
    said.append(
        "Paper: its value for the same method on the same dataset. Our photos are a sample of the "
        "paper's, and networks trained here are trained anew. Rows without a value of ours are "
        "only in the paper."
    )
    said.append(
        "Autocontrast, grey-world stretch and CLAHE are open stand-ins for the Apple Photo "
        "Enhancer (APE), which is closed: their values are not its."
    )
    return " ".join(said + _OF_A_PAPER.get(paper, []))


_SUPER_RESOLUTION = (
    "Paper: the published value of the method on the same photos. Photos are made 4 times smaller "
    "by MATLAB's bicubic with antialiasing; PSNR and SSIM are of Y of BT.601, without a border of "
    "4 px. That is so of the grey photo in Set14, too, while the published 26.00 dB of bicubic "
    "takes its levels as they are, which is 0.09 dB less for any mean on Set14. Networks trained "
    "here are trained anew, with less data and time where they say so. A GAN has a lower PSNR than "
    "the network it began with, and sharper texture, part of which it invents. Rows without a "
    "value of ours are only published."
)
_FULL_REFERENCE = (
    'The "SSIM" of the papers is the MS-SSIM here; SSIM is that of Wang et al. 2004. Photos that '
    "equal their reference are left out."
)
_NO_REFERENCE = "More entropy or bits per pixel is not better by itself: noise has both."
_OF_A_PAPER = {
    "wespe_2": [_FULL_REFERENCE],
    "dped_1": [
        _FULL_REFERENCE,
        "The PSNR of the DPED paper pools the squared error over batches of 50, as its code does.",
    ],
    "wespe_3": [_NO_REFERENCE],
    "wespe_6": [_NO_REFERENCE],
}
