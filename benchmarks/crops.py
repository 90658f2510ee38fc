"""Crops of photos at 100 %, a row each, by several networks side by side: to look at.

    python -m benchmarks.crops PHOTOS SHEET.png --network FILE [--network FILE …]
        [--baseline NAME …] [--crops FILE] [--px N] [--rows FIRST:LAST]

PHOTOS is the folder that the paths of FILE start from; FILE is a table of `photo,x,y,shows`, x and
y being the upper left corner of a crop in px. By default it is `benchmarks/crops.csv`, 24 crops
of `../shared/data`: skies, faces and skin, foliage, night, text, fabric, walls. Photos are enhanced
as a whole, so that the light of the scene is right. The columns are the original, the baselines of
the first network's pair, and the networks.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from benchmarks.texture import card_of, enhancers_of
from wespe.judging.baselines import baselines
from wespe.photos.images import Pixels, read_photo

GAP_PX, LABEL_PX = 4, 16


def main() -> None:
    arguments = parse()
    with arguments.crops.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    first, last = (int(number) if number else None for number in arguments.rows.split(":"))
    card = card_of(arguments.network[0])
    methods = baselines(arguments.baseline, card) | enhancers_of(arguments.network)
    strips = [labels(["original", *methods], arguments.px)]
    for row in rows[first:last]:
        photo = read_photo(arguments.photos / row["photo"]).pixels
        versions = [photo, *(enhance(photo) for enhance in methods.values())]
        place = int(row["x"]), int(row["y"])
        crops = [cut(version, *place, arguments.px) for version in versions]
        strips.append(beside(crops))
        print(f"{row['photo']} at {place[0]}, {place[1]}: {row['shows']}", flush=True)
    cv2.imwrite(str(arguments.sheet), cv2.cvtColor(np.concatenate(strips), cv2.COLOR_RGB2BGR))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--network", action="append", required=True, metavar="FILE")
    parser.add_argument("--baseline", action="append", default=[], metavar="NAME")
    parser.add_argument("--crops", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--px", type=int, default=256)
    parser.add_argument("--rows", default=":", metavar="FIRST:LAST")
    return parser.parse_args()


def cut(photo: Pixels, x: int, y: int, side: int) -> Pixels:
    """A crop, as far from the border as it was asked for or as its side allows."""
    height, width = photo.shape[:2]
    if min(height, width) < side:
        raise SystemExit(f"expected photos of {side} px at least, got {width}×{height}")
    x, y = min(x, width - side), min(y, height - side)
    return photo[y : y + side, x : x + side]


def beside(crops: list[Pixels]) -> Pixels:
    """Crops from left to right, with a white gap after each and below."""
    padded = [
        cv2.copyMakeBorder(crop, 0, GAP_PX, 0, GAP_PX, cv2.BORDER_CONSTANT, value=(255, 255, 255))
        for crop in crops
    ]
    return np.concatenate(padded, axis=1).astype(np.uint8)


def labels(names: list[str], side: int) -> Pixels:
    """The heads of the columns."""
    strip = np.full((LABEL_PX, len(names) * (side + GAP_PX), 3), 255, np.uint8)
    for place, name in enumerate(names):
        at = (place * (side + GAP_PX), LABEL_PX - 4)
        cv2.putText(strip, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


if __name__ == "__main__":
    main()
