"""Speed and peak memory of every metric on a 12 MP photo, beside scikit-image's SSIM.

    python benchmarks/metrics.py [--megapixels 12]

Each is measured in a process of its own, OpenCV on one thread: processor time, the best of
three runs, and the most memory (Linux only) beyond what the process held with its two photos.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from skimage import data
from skimage.metrics import structural_similarity

from wespe.images import Pixels
from wespe.metrics import METRICS

RUNS = 3


def skimage_ssim(photo: Pixels, reference: Pixels) -> float:
    value: float = structural_similarity(
        photo,
        reference,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return value


def photo_pair(megapixels: float) -> tuple[Pixels, Pixels]:
    """A real photo enlarged to 4:3 at so many megapixels, and a darker copy, both with noise."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    size = (width, round(megapixels * 1e6 / width))
    sharp = cv2.resize(data.astronaut(), size, interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).integers(-3, 4, sharp.shape, np.int16)
    photo, darker = (np.clip(gain * sharp + noise, 0, 255).astype(np.uint8) for gain in (1, 0.8))
    return photo, darker


def seconds_and_bytes(name: str, megapixels: float) -> tuple[float, int]:
    cv2.setNumThreads(1)
    photos = photo_pair(megapixels)
    function: Callable[..., float] = skimage_ssim
    arguments: tuple[Pixels, ...] = photos
    if name in METRICS:
        function = METRICS[name].function
        arguments = photos if METRICS[name].needs_reference else photos[:1]
    Path("/proc/self/clear_refs").write_text("5")  # Forget the peak of making the photos.
    before = _peak_bytes()
    runs = []
    for _ in range(RUNS):
        started = time.process_time()
        function(*arguments)
        runs.append(time.process_time() - started)
    return min(runs), _peak_bytes() - before


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    peak_kib = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak_kib) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=12.0)
    megapixels = parser.parse_args().megapixels
    spawn = multiprocessing.get_context("spawn")
    baseline = 0.0
    print(f"{'metric':<14}{'MP/s':>8}{'ratio':>8}{'MB':>8}")
    for name in ("skimage SSIM", *METRICS):
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            seconds, peak = pool.submit(seconds_and_bytes, name, megapixels).result()
        baseline = baseline or seconds
        print(f"{name:<14}{megapixels / seconds:8.1f}{baseline / seconds:8.1f}{peak / 1e6:8.0f}")


if __name__ == "__main__":
    main()
