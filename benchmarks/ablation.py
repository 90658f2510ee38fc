"""What each part of a trained WESPE network adds: figures with that part switched off.

    python -m benchmarks.ablation PATCHES --network FILE [--network FILE …]
        [--whole FOLDER --origins FILE]

PATCHES is a folder with `iphone` and `canon`, such as `../shared/data/dped/patches`; judged are the
pairs 200 to 299. With `--whole`, the phone's photos, and `--origins`, a table of
`patch,photo,y,x`, the patches of the Canon are judged too where they lie in whole photos: each
is enhanced with what the network sees around it and with the light of the whole photo, which gives
the same pixels as enhancing all of the photo. Nothing is fitted or trained anew without the part.
The first table has a row for each part, and the means over the networks; the second how much less
than the whole network each has, with the least and the most of the networks.
"""

import argparse
import copy
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.limits import TEST, read_pairs
from wespe.judging.metrics.registry import METRICS
from wespe.networks.checkpoints import load_generator
from wespe.networks.generator import Generator
from wespe.networks.scene import grid_of
from wespe.networks.transport import UNMIXED, Transport
from wespe.photos.images import Pixels, read_photo
from wespe.photos.tensors import to_pixels, to_tensor

KEYS = ("psnr_db", "ssim", "ms_ssim")
Means = NDArray[np.float64]
Case = tuple[Pixels, int | None, int | None]
"""A patch, or a whole photo and where in it the patch lies, y and x."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patches", type=Path)
    parser.add_argument("--network", type=Path, action="append", required=True, metavar="FILE")
    parser.add_argument("--whole", type=Path, metavar="FOLDER")
    parser.add_argument("--origins", type=Path, metavar="FILE")
    given = parser.parse_args()
    photos, references = read_pairs(given.patches, TEST)
    sets: dict[str, list[Case]] = {"pairs": [(photo, None, None) for photo in photos]}
    wanted = {"pairs": list(references)}
    if given.whole:
        rows = read_origins(given.origins)
        wholes = {name: read_photo(given.whole / name).pixels for name in {r[1] for r in rows}}
        sets["whole"] = [(wholes[name], y, x) for _, name, y, x in rows]
        canon = given.patches / "canon"
        wanted["whole"] = [read_photo(canon / f"{patch}.jpg").pixels for patch, *_ in rows]
    networks = [load(path) for path in given.network]
    for name, cases in sets.items():
        figures = {
            part: np.stack(
                [measure(without(network, off), cases, wanted[name]) for network in networks]
            )
            for part, off in PARTS.items()
        }
        show(f"{name} ({len(cases)})", figures)


def load(path: Path) -> Generator:
    network = load_generator(path)
    if not isinstance(network, Generator) or network.transport is None:
        raise SystemExit(f"{path}: expected a network whose recipe has generator.start: transport")
    return network


def read_origins(path: Path) -> list[tuple[str, str, int, int]]:
    """Patch, photo, y and x of each row."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            (row["patch"], row["photo"], int(row["y"]), int(row["x"]))
            for row in csv.DictReader(stream)
        ]


@torch.inference_mode()
def measure(
    network: Generator,
    cases: Sequence[Case],
    references: Sequence[Pixels],
) -> Means:
    """The means of the metrics, `(3,)`: of whole patches, or of places in whole photos."""
    found = []
    for (photo, y, x), reference in zip(cases, references, strict=True):
        if y is None or x is None:
            made = to_pixels(network(to_tensor(photo)))[0]
        else:
            made = place(network, photo, y, x, len(reference))
        found.append([METRICS[key](made, reference) for key in KEYS])
    means: Means = np.mean(found, axis=0)
    return means


def place(network: Generator, photo: Pixels, y: int, x: int, side: int) -> Pixels:
    """What the network makes of a square of a whole photo."""
    halo = network.receptive_field_px
    top, left = max(0, y - halo), max(0, x - halo)
    prepared = network.prepare(to_tensor(photo[top : y + side + halo, left : x + side + halo]))
    scene = network.scene(to_tensor(grid_of(photo)))
    made: Pixels = to_pixels(network.finish(prepared, network.convolve(prepared), scene))[0]
    return made[y - top :, x - left :][:side, :side]


def without(network: Generator, switch: Callable[[Generator, Transport], None]) -> Generator:
    changed = copy.deepcopy(network)
    assert changed.transport
    with torch.no_grad():
        switch(changed, changed.transport)
    return changed


def no_restoration(network: Generator, transport: Transport) -> None:
    for values in network.tail.parameters():
        nn.init.zeros_(values)


def no_detail(network: Generator, transport: Transport) -> None:
    if network.detail is not None:
        network.detail.fill_(1)


def no_contrast(network: Generator, transport: Transport) -> None:
    transport.gains[1:] = 1


def no_curves(network: Generator, transport: Transport) -> None:
    transport.curves.copy_(Transport().curves)


def no_vividness(network: Generator, transport: Transport) -> None:
    transport.vividness.zero_()


def no_saturation(network: Generator, transport: Transport) -> None:
    transport.gains[0] = 1


def no_joint_colour(network: Generator, transport: Transport) -> None:
    transport.mixing.copy_(torch.from_numpy(UNMIXED))


def no_light(network: Generator, transport: Transport) -> None:
    network.neutral = ()


PARTS: dict[str, Callable[[Generator, Transport], None]] = {
    "all of it": lambda network, transport: None,
    "without restoration": no_restoration,
    "without detail": no_detail,
    "without contrast": no_contrast,
    "without the curves": no_curves,
    "without vividness": no_vividness,
    "without saturation": no_saturation,
    "without the joint map": no_joint_colour,
    "without the light": no_light,
}


def show(title: str, figures: dict[str, Means]) -> None:
    """A row a part: the means over the networks, then what it loses, from least to most."""
    print(f"\n{title:24}{'PSNR dB':>9}{'SSIM':>8}{'MS-SSIM':>9}   loses, least to most")
    whole = figures["all of it"]
    for part, values in figures.items():
        psnr, ssim, ms_ssim = values.mean(0)
        lost = whole - values
        spans = (f"{least:+.4f} to {most:+.4f}" for least, most in zip(*_ends(lost), strict=True))
        print(f"{part:24}{psnr:9.2f}{ssim:8.4f}{ms_ssim:9.4f}   {'  '.join(spans)}")


def _ends(values: Means) -> tuple[Means, Means]:
    return values.min(0), values.max(0)


if __name__ == "__main__":
    main()
