"""How fast a rater learns and scores, and whether the Flickr Faves Score ranks as it should.

Run by hand: `python -m benchmarks.raters [--backbone NAME] [--crop PX] [--size WxH]` for the speed;
`python -m benchmarks.raters --rater FILE --faves FOLDER [--pairs FOLDER]` for the ranking.

Speed: crops a second in training, photos a second in scoring, in processor time of one thread, so
that what else the machine does counts little. Weights are random, which take as long.

Ranking, of a rater that was fitted on simulated viewers: the test tiles of the highest level, which
no degradation has touched, are made worse by half and by full strength, all kinds. Read backwards
they are a photo, mildly improved, and strongly improved. `--pairs`: a folder with `iphone` and
`canon`, patches of the same scenes under the same names; the Canon's should score higher.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from wespe.core.device import Device, resolve
from wespe.data.simulated_faves.degradations import DEGRADATIONS, degrade, jpeg_quality
from wespe.judging.raters.base import Rater, load_rater
from wespe.judging.raters.ffs.network import BACKBONES, build_network
from wespe.judging.raters.ffs.rater import FfsRater
from wespe.judging.raters.ffs.step import FfsStep
from wespe.photos.images import read_photo, write_photo
from wespe.results.statistics import interval

BATCH = 8
STRENGTHS = {"original": 1.0, "mildly improved": 0.5, "strongly improved": 0.0}


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least processor time of `work`, after a first call that does not count."""
    work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def speed(backbone: str, crop_px: int, width: int, height: int, device: Device) -> None:
    network = build_network(backbone, pretrained=False)
    step = FfsStep(
        network,
        validation=(np.zeros((1, crop_px, crop_px, 3), np.uint8), [0]),
        per_epoch=10**6,
        patience=1,
        learning_rate=5e-5,
        batch_size=BATCH,
        seed=0,
        device=device,
    )
    batch = (torch.rand(BATCH, 3, crop_px, crop_px), torch.zeros(BATCH))
    training = seconds(lambda: step.train_step(batch, 1))
    rater = FfsRater(network, backbone=backbone, crop_px=crop_px, simulated=False, device=device)
    photo = np.random.default_rng(0).integers(256, size=(height, width, 3), dtype=np.uint8)
    scoring = seconds(lambda: rater.score(photo))
    print(
        f"{backbone}, {crop_px} px, {device.name}: training {BATCH / training:.2f} crops/s, "
        f"scoring {1 / scoring:.2f} photos/s ({width}×{height} px)"
    )


def ranking(rater: Rater, faves: Path) -> None:
    with (faves / "faves.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    highest = max(int(row["level"]) for row in rows)
    files = [r["file"] for r in rows if r["split"] == "test" and int(r["level"]) == highest]
    scores: dict[str, list[float]] = {name: [] for name in STRENGTHS}
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            photo = read_photo(faves / file).pixels
            for name, strength in STRENGTHS.items():
                tile = Path(folder) / "tile.jpg"
                generator = np.random.default_rng(number)
                worse = degrade(photo, DEGRADATIONS, strength=strength, generator=generator)
                write_photo(tile, worse, quality=jpeg_quality(DEGRADATIONS, strength=strength))
                scores[name].append(rater.score(read_photo(tile).pixels))
    print(f"{rater.shown.label}, {len(files)} test tiles, simulated degradations")
    _compare(scores)


def pairs(rater: Rater, folder: Path) -> None:
    scores: dict[str, list[float]] = {"iphone": [], "canon": []}
    for path in sorted((folder / "iphone").iterdir()):
        both = [read_photo(folder / name / path.name).pixels for name in scores]
        if np.array_equal(both[0], both[1]):
            continue  # the same picture twice
        for name, photo in zip(scores, both, strict=True):
            scores[name].append(rater.score(photo))
    print(f"{rater.shown.label}, {len(scores['iphone'])} pairs of DPED patches")
    _compare(scores)


def _compare(scores: dict[str, list[float]]) -> None:
    """Each mean, and the paired difference to the one before it."""
    before: list[float] | None = None
    for name, values in scores.items():
        line = f"  {name}: {np.mean(values):.4f}"
        if before is not None:
            gains = np.subtract(values, before)
            low, high = interval(gains.tolist()) or (np.nan, np.nan)
            line += f", {gains.mean():+.4f} (95 %: {low:+.4f} to {high:+.4f}), "
            line += f"higher in {np.mean(gains > 0):.0%}"
        print(line)
        before = values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="vgg19", choices=BACKBONES)
    parser.add_argument("--crop", type=int, default=224, metavar="PX")
    parser.add_argument("--size", default="1280x720", metavar="WxH")
    parser.add_argument("--rater", type=Path, metavar="FILE")
    parser.add_argument("--faves", type=Path, metavar="FOLDER")
    parser.add_argument("--pairs", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = resolve("auto")
    if not arguments.rater:
        width, height = map(int, arguments.size.split("x"))
        speed(arguments.backbone, arguments.crop, width, height, device)
        return
    rater = load_rater(arguments.rater, device)
    if arguments.faves:
        ranking(rater, arguments.faves)
    if arguments.pairs:
        pairs(rater, arguments.pairs)


if __name__ == "__main__":
    main()
