"""Speed and memory of enhancing: the whole photo in one pass against tiles, on each engine.

Run by hand: `python benchmarks/enhance.py [WIDTH HEIGHT] [--ways …] [--tile-px …]`. Each measure
is a process of its own, so that its peak memory (all of Python and the engine included) is its own.
Where other programs share the cores, CPU seconds say more than seconds.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import torch

from wespe.images import Pixels, to_pixels, to_tensor
from wespe.inference.backends import BackendName, open_backend
from wespe.inference.tiled import PhotoEnhancer
from wespe.models.generator import Generator, Norm

WHOLE = "whole photo, torch fp32"
WAYS: dict[str, tuple[BackendName, bool]] = {
    "torch fp32": ("torch", False),
    "torch bf16": ("torch", True),
    "onnx fp32": ("onnx", False),
    "openvino fp32": ("openvino", False),
    "openvino bf16": ("openvino", True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="*", default=[1632, 1224], metavar="PX")
    parser.add_argument("--tile-px", type=int, nargs="+", default=[0], help="0: the engine's own")
    parser.add_argument("--norm", choices=["batch", "instance", "none"], default="batch")
    parser.add_argument("--ways", nargs="+", choices=[WHOLE, *WAYS], default=[WHOLE, *WAYS])
    parser.add_argument("--measure", choices=[WHOLE, *WAYS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.size, options.tile_px[0], options.norm)))
        return
    size = "×".join(map(str, options.size))
    print(f"{size} px, norm {options.norm}, {torch.get_num_threads()} threads")
    print(f"{'':28}{'MP/s':>8}{'CPU s/MP':>10}{'peak MB':>9}{'CPU ratio':>11}")
    baseline = None
    for way in options.ways:
        for tile_px in options.tile_px if way in WAYS else [0]:
            command = [sys.executable, __file__, *map(str, options.size), "--measure", way]
            command += ["--tile-px", str(tile_px), "--norm", options.norm]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            speed, cpu, peak_mb = json.loads(output)
            baseline = baseline or cpu
            name = f"{way} {tile_px or ''}"
            print(f"{name:28}{speed:8.3f}{cpu:10.2f}{peak_mb:9.0f}{baseline / cpu:11.2f}")


def measure(way: str, size: list[int], tile_px: int, norm: Norm) -> tuple[float, float, float]:
    """Megapixels per second, CPU seconds per megapixel and peak memory in MB of one photo.

    The engine has seen a small photo before: compiling it is no part of the speed of the second
    photo of a folder.
    """
    torch.manual_seed(0)
    generator = Generator(norm=norm, start="identity").eval()
    torch.nn.init.normal_(generator.tail.weight, std=0.01)
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if way == WHOLE:
        enhance = whole(generator)
        enhance(pixels[:200, :200])
    else:
        name, bf16 = WAYS[way]
        enhancer = PhotoEnhancer(generator, open_backend(name, bf16=bf16), tile_px=tile_px or None)
        enhance = enhancer.enhance
        enhance(pixels[:512, :512])
    begin, cpu_begin = time.perf_counter(), time.process_time()
    enhance(pixels)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    megapixels = width * height / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return megapixels / seconds, cpu_seconds / megapixels, peak_mb


def whole(generator: Generator):
    """The plain way: one pass over all of the photo."""

    @torch.inference_mode()
    def enhance(pixels: Pixels) -> Pixels:
        enhanced: Pixels = to_pixels(generator(to_tensor(pixels)))[0]
        return enhanced

    return enhance


if __name__ == "__main__":
    main()
