"""Speed and memory of enhancing: the whole photo in one pass against tiles, in fp32 and bf16.

Run by hand: `python benchmarks/enhance.py [WIDTH HEIGHT]`. Each measurement is a process of its
own, so that its peak memory (all of Python and torch included) is its own.
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
from wespe.inference.tiled import TILE_PX, enhance_pixels
from wespe.models.generator import Generator, Norm

WAYS = {
    "whole photo, fp32": None,
    "tiles, fp32": torch.float32,
    "tiles, bf16": torch.bfloat16,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="*", default=[1632, 1224], metavar="PX")
    parser.add_argument("--tile-px", type=int, nargs="+", default=[TILE_PX])
    parser.add_argument("--norm", choices=["batch", "instance", "none"], default="batch")
    parser.add_argument("--ways", nargs="+", choices=[*WAYS], default=[*WAYS])
    parser.add_argument("--measure", choices=[*WAYS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.size, options.tile_px[0], options.norm)))
        return
    size = "×".join(map(str, options.size))
    print(f"{size} px, norm {options.norm}, {torch.get_num_threads()} threads")
    print(f"{'':28}{'MP/s':>8}{'CPU s/MP':>10}{'peak MB':>9}{'ratio':>7}")
    baseline = None
    for way in options.ways:
        for tile_px in options.tile_px if WAYS[way] else [0]:
            command = [sys.executable, __file__, *map(str, options.size), "--measure", way]
            command += ["--tile-px", str(tile_px), "--norm", options.norm]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            speed, cpu, peak_mb = json.loads(output)
            baseline = baseline or speed
            name = f"{way} {tile_px or ''}"
            print(f"{name:28}{speed:8.3f}{cpu:10.2f}{peak_mb:9.0f}{speed / baseline:7.2f}")


def measure(way: str, size: list[int], tile_px: int, norm: Norm) -> tuple[float, float, float]:
    """Megapixels per second, CPU seconds per megapixel and peak memory in MB of one photo."""
    torch.manual_seed(0)
    generator = Generator(norm=norm, start="identity").eval()
    torch.nn.init.normal_(generator.tail.weight, std=0.01)
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    enhance(generator, pixels[:300, :300], way, tile_px)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    enhance(generator, pixels, way, tile_px)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    megapixels = width * height / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return megapixels / seconds, cpu_seconds / megapixels, peak_mb


@torch.inference_mode()
def enhance(generator: Generator, pixels: Pixels, way: str, tile_px: int) -> Pixels:
    dtype = WAYS[way]
    if dtype is None:
        whole: Pixels = to_pixels(generator(to_tensor(pixels)))[0]
        return whole
    return enhance_pixels(generator, pixels, tile_px=tile_px, dtype=dtype)


if __name__ == "__main__":
    main()
