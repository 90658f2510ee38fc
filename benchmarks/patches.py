"""Patch extraction against a baseline that only decodes the same photos with the same workers.

Run by hand: `python -m benchmarks.patches [photos] [projection]`. The photos are 12 MP JPEGs,
enlarged from one of scikit-image's. Prints time, ratio to the baseline, megapixels per second and
core, and the parent's peak memory, for n and for 2n photos. Memory must not grow with n. Then
projects what 5,000 such photos take: from the processor time, since others may use the machine, of
one process; the word `projection` asks for that alone.
"""

import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import numpy as np
import skimage
from PIL import Image

from wespe.core.files import sha256
from wespe.core.parallel import available_cores, ordered_map
from wespe.data.patches.extraction import extract
from wespe.photos.images import read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex

WIDTH_PX, HEIGHT_PX = 4000, 3000
PROJECTED = 5000


def make_photos(folder: Path, count: int) -> PhotoIndex:
    """An index of `count` different 12 MP JPEGs with sensor-like noise, written below `folder`."""
    pixels = read_photo(Path(skimage.__file__).parent / "data" / "coffee.png").pixels
    large = np.asarray(
        Image.fromarray(pixels).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC)
    )
    entries = []
    for number in range(count):
        noise = np.random.default_rng(number).integers(-6, 7, large.shape, np.int16)
        path = folder / f"{number}.jpg"
        write_photo(path, np.clip(large + noise, 0, 255).astype(np.uint8), quality=92)
        entries.append(PhotoEntry(path.name, WIDTH_PX, HEIGHT_PX, sha256(path)))
    return PhotoIndex("benchmark", str(folder), "enlarged scikit-image photo", False, entries)


def decode(path: Path) -> int:
    """Decode a photo and keep nothing of it."""
    return read_photo(path).pixels.size


def measure(index: PhotoIndex, out: Path, per_photo: int) -> None:
    """Time the baseline and both modes on one index; runs in a process of its own."""
    paths = [index.path(photo) for photo in index.photos]
    list(ordered_map(decode, paths[:2]))  # starts the server that forks the workers
    start = time.perf_counter()
    list(ordered_map(decode, paths))
    baseline_s = time.perf_counter() - start
    megapixels = len(paths) * WIDTH_PX * HEIGHT_PX / 1e6
    report(f"{len(paths)} photos, decode only", baseline_s, baseline_s, megapixels)
    modes: tuple[Literal["random", "grid"], ...] = ("random", "grid")
    for mode in modes:
        start = time.perf_counter()
        extract(
            index,
            out,
            size_px=100,
            mode=mode,
            count=per_photo * len(paths),
            min_std=2.0,
            max_clipped=0.5,
            seed=0,
        )
        elapsed_s = time.perf_counter() - start
        report(f"{len(paths)} photos, {mode}, {per_photo} each", elapsed_s, baseline_s, megapixels)


def report(what: str, elapsed_s: float, baseline_s: float, megapixels: float) -> None:
    speed = megapixels / elapsed_s / available_cores()
    print(
        f"{what:32} {elapsed_s:6.2f} s  {elapsed_s / baseline_s:5.2f} × decode  "
        f"{speed:5.1f} MP/s/core  parent's peak {_peak_mb():.0f} MB",
        flush=True,
    )


def _peak_mb() -> float:
    # Linux; unlike ru_maxrss it is not inherited from the process that started this one.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def project(index: PhotoIndex, out: Path, per_photo: int) -> None:
    """What `PROJECTED` photos take, from those of the index; runs in a process of its own."""
    start = time.process_time()
    extract(
        index,
        out,
        size_px=100,
        mode="random",
        count=per_photo * len(index.photos),
        min_std=2.0,
        max_clipped=0.5,
        seed=0,
        workers=1,
    )
    share = PROJECTED / len(index.photos)
    core_h = (time.process_time() - start) * share / 3600
    written = out.stat().st_size * share / 1e9
    manifest = out.with_suffix(".json").stat().st_size * share / 1e6
    print(
        f"{PROJECTED} photos, {per_photo} patches each: {PROJECTED / core_h:.0f} photos an hour "
        f"and core, {core_h:.2f} h on one core, {core_h / 8:.2f} h on 8; {_peak_mb():.0f} MB a "
        f"process; {written:.1f} GB of patches, {manifest:.0f} MB of manifest",
        flush=True,
    )


def main() -> None:
    photos = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = make_photos(folder, 2 * photos)
        for count in () if "projection" in sys.argv else (photos, 2 * photos):
            part = PhotoIndex(index.source, index.root, index.origin, False, index.photos[:count])
            for per_photo in (100, 1200):
                process = context.Process(
                    target=measure, args=(part, folder / "set.npy", per_photo)
                )
                process.start()
                process.join()
        for per_photo in (4, 100, 1200):
            process = context.Process(target=project, args=(index, folder / "set.npy", per_photo))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
