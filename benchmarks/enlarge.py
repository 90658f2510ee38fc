"""Speed and memory of enlarging: `wespe enhance --scale` against one pass over the whole photo.

Run by hand: `python -m benchmarks.enlarge --model NETWORK [WIDTH HEIGHT] [--scale 2]`. Each measure
is a process of its own, so that its peak memory (all of Python and the engine included) is its own.
The command reads and writes a JPEG of these sides; the pass over the whole photo is by torch in
fp32, of at most 2 megapixels, reduced by area to the same factor, and reads and writes nothing.
Where other programs share the cores, CPU seconds say more than seconds; the load is printed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.enhance import WHOLE_PX, the_photo
from wespe.apps.enhancing.networks import load_network
from wespe.photos.images import write_photo
from wespe.photos.tensors import from_levels, to_levels

WAYS = ("whole", "command")


def main() -> None:
    options = parse()
    if options.measure:
        print(json.dumps(MEASURES[options.measure](options)))
        return
    print(
        f"{options.size} px, ×{options.scale:g}, {torch.get_num_threads()} threads, load {load()}"
    )
    print("           MP in       s   CPU s  CPU s/MP  peak MB  times  CPU times")
    first = None
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.enlarge", *sys.argv[1:], "--measure", way]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        megapixels, seconds, cpu, peak_mb = json.loads(done.stdout.splitlines()[-1])
        first = first or (seconds / megapixels, cpu / megapixels)
        times, cpu_times = first[0] * megapixels / seconds, first[1] * megapixels / cpu
        row = f"{way:10}{megapixels:6.1f}{seconds:8.1f}{cpu:8.1f}{cpu / megapixels:10.2f}"
        print(f"{row}{peak_mb:9.0f}{times:7.2f}{cpu_times:11.2f}", flush=True)
    print(f"load {load()}")


def load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="*", default=[4000, 3000], metavar="PX")
    parser.add_argument("--model", required=True, help="as of `wespe enhance`")
    parser.add_argument("--scale", type=float, default=2)
    parser.add_argument("--photo", type=Path, help="mirrored to the size, for noise")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    return parser.parse_args()


def whole(options: argparse.Namespace) -> tuple[float, float, float, float]:
    """Megapixels read, seconds, CPU seconds and the peak in MB of the plain way."""
    network = load_network(options.model).eval()
    width, height = options.size
    if width * height > WHOLE_PX[0] * WHOLE_PX[1]:
        width, height = WHOLE_PX
    pixels = the_photo(options.photo, width, height)
    wanted = [round(side * options.scale) for side in (height, width)]
    begin, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        large = network(from_levels(torch.from_numpy(pixels[None].copy()))).clamp(0, 1)
        to_levels(F.interpolate(large, wanted, mode="area"), np.dtype(np.uint8))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return width * height / 1e6, seconds, cpu, peak / 1024


def command(options: argparse.Namespace) -> tuple[float, float, float, float]:
    """The same of `wespe enhance`, with all that it does."""
    width, height = options.size
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        write_photo(path, the_photo(options.photo, width, height), quality=90)
        call = [sys.executable, "-m", "wespe.cli", "enhance", str(path), "--model", options.model]
        begin = time.perf_counter()
        done = subprocess.run(
            [*call, "--scale", f"{options.scale:g}"], check=True, stdout=subprocess.PIPE, text=True
        )
        seconds = time.perf_counter() - begin
    print(done.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    return width * height / 1e6, seconds, cpu, used.ru_maxrss / 1024


MEASURES = {"whole": whole, "command": command}


if __name__ == "__main__":
    main()
