"""Speed, memory and error of enhancing: the whole photo in one pass against tiles, on each engine.

Run by hand: `python -m benchmarks.enhance [WIDTH HEIGHT] [--ways …] [--model … --photo …]`. Each
measure is a process of its own, so that its peak memory (all of Python and the engine included) is
its own. Where other programs share the cores, CPU seconds say more than seconds. The whole photo
is at most 2 megapixels, since 12 take 14 GB. Errors are those of real-valued results, in levels of
an 8-bit photo, against torch in fp32. Without `--model` the network is a random one, and without
`--photo` the photo is noise: then errors say nothing of photos. Ratios are to the first of the
ways; "nothing kept" is what instance norm costs where each norm starts again from the photo.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wespe.apps.enhancing.networks import load_network
from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.inference.backends import BackendName, open_backend
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.images import AnyPixels, Pixels, read_photo
from wespe.photos.tensors import from_levels, to_levels

WHOLE = "whole photo, torch fp32"
WHOLE_PX = (1632, 1224)
WAYS: dict[str, tuple[BackendName, dict[str, Any]]] = {
    "torch fp32": ("torch", {}),
    "torch bf16": ("torch", {"bf16": True}),
    "onnx fp32": ("onnx", {}),
    "openvino fp32": ("openvino", {}),
    "openvino bf16": ("openvino", {"bf16": True}),
    "openvino int8": ("openvino", {"bf16": True, "int8": True}),
}
NOTHING_KEPT = ", nothing kept"
WAYS |= {f"{way}{NOTHING_KEPT}": WAYS[way] for way in ("torch fp32", "torch bf16")}
CROP_PX = 448


@dataclass(frozen=True)
class Measured:
    """One photo on one engine."""

    megapixels: float
    seconds: float
    cpu_seconds: float
    peak_mb: float
    psnr_db: float
    nearly_all: float
    """What 99.9 % of the values are within, in levels."""
    largest: float

    @property
    def speed(self) -> float:
        return self.megapixels / self.seconds

    @property
    def cpu_per_megapixel(self) -> float:
        return self.cpu_seconds / self.megapixels

    def row(self, first: "Measured") -> str:
        """The cells of the table; `first` is the way that others are compared with."""
        cells = f"{self.megapixels:6.1f}{self.seconds:8.1f}{self.speed:8.3f}"
        cells += f"{self.cpu_per_megapixel:10.2f}{self.peak_mb:9.0f}"
        ratio = self.speed / first.speed
        cells += f"{ratio:8.2f}{first.cpu_per_megapixel / self.cpu_per_megapixel:11.2f}"
        return f"{cells}{self.psnr_db:9.1f}{self.nearly_all:8.2f}{self.largest:8.2f}"


def main() -> None:
    options = parse()
    if options.measure:
        print(json.dumps(asdict(measure(options.measure, options))))
        return
    size = "×".join(map(str, options.size))
    network = options.model or f"norm {options.norm}"
    print(f"{size} px, {network}, {torch.get_num_threads()} threads")
    print(f"{'':28}    MP       s    MP/s  CPU s/MP  peak MB  times  CPU times  PSNR dB", end="")
    print("   99.9 %  max (levels)")
    first = None
    for way in options.ways:
        for tile_px in options.tile_px if way in WAYS else [0]:
            # The last one of an option counts.
            again = [sys.executable, __file__, *sys.argv[1:], "--tile-px", str(tile_px)]
            command = [*again, "--measure", way]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            measured = Measured(**json.loads(output))
            first = first or measured
            print(f"{f'{way} {tile_px or str()}':28}{measured.row(first)}", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="*", default=[1632, 1224], metavar="PX")
    parser.add_argument("--tile-px", type=int, nargs="+", default=[0], help="0: the engine's own")
    parser.add_argument("--norm", choices=["batch", "instance", "none"], default="batch")
    parser.add_argument("--model", help="as of `wespe enhance`, for a random network")
    parser.add_argument("--photo", type=Path, help="mirrored to the size, for noise")
    usual = [way for way in WAYS if not way.endswith(NOTHING_KEPT)]
    parser.add_argument("--ways", nargs="+", choices=[WHOLE, *WAYS], default=[WHOLE, *usual])
    parser.add_argument("--measure", choices=[WHOLE, *WAYS], help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(way: str, options: argparse.Namespace) -> Measured:
    """Enhance one photo.

    The engine has seen a small photo before: loading it is no part of the speed of the second
    photo of a folder.
    """
    network = the_network(options)
    width, height = options.size
    if way == WHOLE and width * height > WHOLE_PX[0] * WHOLE_PX[1]:
        width, height = WHOLE_PX
    pixels = the_photo(options.photo, width, height)
    if way == WHOLE:
        enhance = whole_photo(network)
    else:
        name, precision = WAYS[way]
        enhance = PhotoEnhancer(
            network,
            open_backend(name, **precision),
            tile_px=options.tile_px[0] or None,
            kept=partial(TileStates, 0, file=False) if way.endswith(NOTHING_KEPT) else None,
        ).enhance
    enhance(pixels[:512, :512])
    begin, cpu_begin = time.perf_counter(), time.process_time()
    enhance(pixels)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    errors = errors_of(enhance, network, pixels)
    return Measured(width * height / 1e6, seconds, cpu_seconds, peak_mb, *errors)


def errors_of(
    enhance: Callable[[AnyPixels], AnyPixels], network: Enhancer, pixels: Pixels
) -> tuple[float, float, float]:
    """The PSNR against fp32, what 99.9 % are within and the largest difference, of a crop."""
    top, left = (max(0, (side - CROP_PX) // 2) for side in pixels.shape[:2])
    crop = pixels[top : top + CROP_PX, left : left + CROP_PX].astype(np.float32) / 255
    difference = np.abs(enhance(crop) - whole_photo(network)(crop)).astype(np.float64)
    psnr_db = -10 * float(np.log10(max(1e-20, np.square(difference).mean())))
    return psnr_db, float(np.quantile(difference, 0.999) * 255), float(difference.max() * 255)


def the_network(options: argparse.Namespace) -> Enhancer:
    if options.model:
        return load_network(options.model, Path("params.yaml")).eval()
    torch.manual_seed(0)
    generator = Generator(norm=options.norm, start="identity").eval()
    torch.nn.init.normal_(generator.tail.weight, std=0.01)
    return generator


def the_photo(path: Path | None, width: int, height: int) -> Pixels:
    if path is None:
        return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    photo = read_photo(path).pixels
    more = [
        (0, max(0, side - had)) for side, had in zip((height, width), photo.shape, strict=False)
    ]
    return np.ascontiguousarray(np.pad(photo, [*more, (0, 0)], "symmetric")[:height, :width])


def whole_photo(network: Enhancer) -> Callable[[AnyPixels], AnyPixels]:
    """The plain way: one pass over all of the photo."""

    @torch.inference_mode()
    def enhance(pixels: AnyPixels) -> AnyPixels:
        image = from_levels(torch.from_numpy(pixels[None].copy()))
        return np.asarray(to_levels(network(image), pixels.dtype)[0])

    return enhance


if __name__ == "__main__":
    main()
