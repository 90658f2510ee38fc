"""Speed and peak memory of every metric on a 12 MP photo, beside scikit-image's SSIM.

    python -m benchmarks.metrics [--megapixels 12] [--rater FILE]

Each is measured in a process of its own, on one thread: processor time, the best of three runs,
and the most memory (Linux only) beyond what the process held with its two photos. A rater, from a
file that `wespe rater` made, is measured like a metric. The last line is one photo with its
reference through a whole evaluation, all metrics of all baselines and no network: the time of the
one run, and the memory of the process in all.
"""

import argparse
import math
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage import data
from skimage.metrics import structural_similarity

from wespe.core.device import resolve
from wespe.judging.baselines import baselines, histogram_match
from wespe.judging.evaluation import evaluate
from wespe.judging.metrics.registry import METRICS
from wespe.judging.raters.base import load_rater
from wespe.networks.transport import Transport
from wespe.photos.images import Pixels, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex

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


def one(name: str, megapixels: float) -> tuple[float, int]:
    """Seconds of a metric, a rater's file or scikit-image's SSIM, and bytes beyond photos."""
    _use_one_thread()
    photos = photo_pair(megapixels)
    function: Callable[..., float] = skimage_ssim
    arguments: tuple[Pixels, ...] = photos
    if name in METRICS:
        function = METRICS[name]
        arguments = photos if METRICS[name].needs_reference else photos[:1]
    elif name.endswith(".safetensors"):
        function = load_rater(Path(name), resolve("cpu-fp32")).score
        arguments = photos[:1]
    before = _forget_peak()
    runs = []
    for _ in range(RUNS):
        started = time.process_time()
        value = function(*arguments)
        runs.append(time.process_time() - started)
    # What a metric needs is not installed.
    seconds = math.nan if math.isnan(value) else min(runs)
    return seconds, _peak_bytes() - before


def evaluation(megapixels: float) -> tuple[float, int]:
    """Seconds of the evaluation of one photo, and bytes of the whole process."""
    _use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, pixels in zip(("x.jpg", "y.jpg"), photo_pair(megapixels), strict=True):
            write_photo(root / name, pixels)
        entry = PhotoEntry("x.jpg", pixels.shape[1], pixels.shape[0], "", "y.jpg")
        index = PhotoIndex("photos", folder, "a benchmark", True, [entry])
        del pixels
        look = Transport()
        plain = {
            **baselines(["autocontrast", "grey_world", "clahe"], None),
            "histogram_match": histogram_match(look.levels.tolist()),
            "transport": look.enhance,
        }
        _forget_peak()
        started = time.process_time()
        evaluate(
            index,
            lambda photo: photo,
            evaluation="benchmark",
            pair="",
            network="",
            engine="none",
            baselines=plain,
            metrics=tuple(METRICS),
            out=root / "out",
            pictures=0,
            workers=1,
        )
        return time.process_time() - started, _peak_bytes()


def _use_one_thread() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _forget_peak() -> int:
    """Forget the peak of making the photos; the memory that is held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_bytes()


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    peak_kib = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak_kib) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--rater", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    megapixels = arguments.megapixels
    spawn = multiprocessing.get_context("spawn")
    baseline = 0.0
    print(f"{'metric':<14}{'MP/s':>8}{'ratio':>8}{'MB':>8}")
    for name in ("skimage SSIM", *METRICS, *map(str, arguments.rater), "evaluation"):
        work = evaluation if name == "evaluation" else partial(one, name)
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            seconds, peak = pool.submit(work, megapixels).result()
        baseline = baseline or seconds
        speed, ratio = megapixels / seconds, baseline / seconds
        print(f"{Path(name).stem:<14}{speed:8.1f}{ratio:8.1f}{peak / 1e6:8.0f}", flush=True)


if __name__ == "__main__":
    main()
