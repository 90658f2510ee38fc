"""Enlarged videos beside the true one: bicubic, frame by frame, steadied, and with a memory.

    python -m benchmarks.videos VIDEO --network FILE [--network FILE …] [--frames N]
        [--steady SHARE] [--pictures FOLDER]

The first N frames (default 16) of VIDEO are made smaller by bicubic, by the networks' factor, and
enlarged again, in memory: no encoder is between. FILE is what `wespe enhance --model` takes. A row
each for bicubic, for each network frame by frame, for the first one with `--steady`, and for those
that remember the frame before. As in `wespe compare-videos`, PSNR Y and tOF leave out a border of 8
px, and all leave out the first and the last 2 frames. Flicker is that of `wespe flicker`, against
VIDEO; `CPU s` is for a frame. `--pictures` gets the middle frame of each row, and how its middle
line changes from frame to frame, each line three times.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from wespe.apps.enhancing.networks import load_network, make_ready
from wespe.judging.videos import BORDER_PX, ENDS, likeness
from wespe.networks.inference.video.flicker import flicker
from wespe.networks.inference.video.memory import Remembering
from wespe.networks.inference.video.steady import STEADY, Steady
from wespe.photos.images import Pixels
from wespe.photos.resizing import larger, smaller
from wespe.photos.video.clip import read_clip
from wespe.photos.video.colour import pictures

Make = Callable[[Pixels], Pixels]


def main() -> None:
    arguments = parse()
    networks = {path: make_ready(load_network(path)) for path in arguments.network}
    factors = {network.scale for network in networks.values()}
    if len(factors) != 1:
        raise SystemExit(f"expected networks of one factor, got {sorted(factors)}")
    [factor] = factors
    if factor == 1 or arguments.frames < 2 * ENDS + 2:
        raise SystemExit(f"expected networks that enlarge, and --frames of {2 * ENDS + 2} or more")
    frames = list(islice(pictures(read_clip(arguments.video)), arguments.frames))
    height, width = (side // factor * factor for side in frames[0].shape[:2])
    truth = [np.ascontiguousarray(frame[:height, :width]) for frame in frames]
    small = [smaller(frame, factor) for frame in truth]
    methods: dict[str, Make] = {"bicubic": lambda frame: larger(frame, factor)}
    for path, network in networks.items():
        name = Path(path).stem if Path(path).stem != "generator" else Path(path).parent.name
        alone = "without its memory" if network.following else "each frame by itself"
        methods[f"{name}, {alone}"] = network.enhance
        if path == arguments.network[0]:
            methods[f"{name}, steady {arguments.steady:g}"] = steadied(
                network.enhance, factor, arguments.steady
            )
        if network.following:
            methods[name] = Remembering(network.following)
    print(f"{arguments.video.name}, {len(truth)} frames of {width}×{height}, ×{factor}")
    print(f"{'':40}PSNR Y    tOF  flicker  CPU s")
    for name, make in methods.items():
        begin = time.process_time()
        made = [make(frame) for frame in small]
        seconds = (time.process_time() - begin) / len(made)
        pairs = list(zip(truth, made, strict=True))[ENDS : len(truth) - ENDS]
        psnr, motion = likeness(pairs, border_px=BORDER_PX)
        row = f"{name:40}{psnr:6.2f}{motion:7.3f}{flicker(pairs).added:9.2f}{seconds:7.2f}"
        print(row, flush=True)
        if arguments.pictures:
            draw(arguments.pictures, name, made)
    if arguments.pictures:
        draw(arguments.pictures, "truth", truth)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--network", action="append", required=True, metavar="FILE")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--steady", type=float, default=STEADY)
    parser.add_argument("--pictures", type=Path)
    return parser.parse_args()


def steadied(enhance: Make, factor: int, share: float) -> Make:
    """As `wespe enhance --steady` makes each frame."""
    averaged = Steady(share, fine=True)

    def make(frame: Pixels) -> Pixels:
        size = frame.shape[1] * factor, frame.shape[0] * factor
        plain = cv2.resize(frame.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        exact = np.asarray(plain, np.float32).clip(0, 255)
        change = averaged(exact.round().astype(np.uint8), enhance(frame) - exact)
        return np.asarray((exact + change).round().clip(0, 255), np.uint8)

    return make


def draw(folder: Path, name: str, frames: list[Pixels]) -> None:
    """The middle frame, and its middle line over time."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = np.stack([frame[frame.shape[0] // 2] for frame in frames]).repeat(3, axis=0)
    for kind, picture in {"frame": frames[len(frames) // 2], "lines": lines}.items():
        path = folder / f"{name.replace(', ', '_').replace(' ', '_')}.{kind}.png"
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
