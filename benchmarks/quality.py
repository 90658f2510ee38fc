"""What a rater says of a folder of photos, and how it orders distorted copies of them.

    python -m benchmarks.quality RATER PHOTOS [--first 24] [--distorted]

RATER is a file that `wespe rater` made, or a metric without a reference, such as brisque; PHOTOS is
a folder. Prints the mean score with its standard
deviation over photos and its 95 % bootstrap interval; with `--distorted` also Spearman's rank
correlation of score and level of each distortion, of the middle 768×768 px of each photo: over all
photos, and within a photo (the mean).
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wespe.core.device import resolve
from wespe.judging.metrics.registry import METRICS
from wespe.judging.raters.base import load_rater
from wespe.judging.raters.cornia.distortions import versions
from wespe.judging.raters.cornia.refit import correlations
from wespe.photos.images import PHOTO_SUFFIXES, Pixels, read_photo
from wespe.results.statistics import interval

CROP_PX = 768


def judge(name: str) -> tuple[str, Callable[[Pixels], float]]:
    """The heading and the function of a metric, or of a rater's file."""
    if name in METRICS:
        shown = METRICS[name].shown
        return f"{shown.label}, {shown.better} is better", METRICS[name]
    rater = load_rater(Path(name), resolve("cpu-fp32"))
    return f"{rater.shown.label}, {rater.shown.better} is better", rater.score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rater")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--first", type=int)
    parser.add_argument("--distorted", action="store_true")
    arguments = parser.parse_args()
    heading, score = judge(arguments.rater)
    found = [p for p in arguments.photos.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES]
    photos = sorted(found, key=lambda path: (len(path.name), path.name))[: arguments.first]
    scores, levels = [], []
    for path in photos:
        pixels = read_photo(path).pixels
        scores.append(score(pixels))
        if arguments.distorted:
            levels.append([score(version) for version in versions(pixels, CROP_PX, seed=0)])
    low, high = interval(scores) or (np.nan, np.nan)
    print(
        f"{heading}: {np.mean(scores):.2f} ± {np.std(scores, ddof=1):.2f} "
        f"over {len(scores)} photos, mean within {low:.2f} to {high:.2f} (95 %)"
    )
    if levels:
        for name, value in correlations(np.array(levels)).items():
            print(f"{name}: {value['pooled']:.3f} over all, {value['within']:.3f} within a photo")


if __name__ == "__main__":
    main()
