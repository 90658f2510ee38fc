"""One enhancer on one set of photos: every metric of every photo, the means, and pictures."""

import csv
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np

from wespe.acquisition.index import PhotoEntry, PhotoIndex, Skipped
from wespe.baselines import Enhance
from wespe.files import atomic_folder, write_json
from wespe.images import PhotoError, Pixels, read_photo, write_photo
from wespe.metrics import METRICS, measure

_PICTURE_PX = 1600


@dataclass(frozen=True)
class _Case:
    """A photo that was read and enhanced, and its reference if it has one."""

    file: str
    original: Pixels
    enhanced: Pixels
    reference: Pixels | None


@dataclass(frozen=True)
class _Measured:
    """All metrics of one photo, by method and metric."""

    file: str
    identical: bool
    methods: dict[str, dict[str, float]]


def evaluate(
    index: PhotoIndex,
    enhance: Enhance,
    *,
    evaluation: str,
    pair: str,
    network: str,
    baselines: Mapping[str, Enhance],
    out: Path,
    pictures: int,
    workers: int | None = None,
) -> dict[str, Any]:
    """Measure the originals, the enhanced photos and the baselines; return the summary.

    Writes `images.csv`, `summary.json` and `pictures/` into the folder `out`, which appears, or
    replaces an earlier one, when all is done. `enhance` and the baselines take and return uint8
    `(H, W, 3)`; `pictures` photos, evenly spread, are shown. `evaluation` and `pair` are names for
    the summary, and `network` is the hash of the network's file. `enhance` runs in the calling
    thread, one photo at a time, while `workers` threads (default: as many as cores) measure. Their
    number changes no result.

    Means leave out a photo whose reference has equal pixels (`identical`) and, counted in
    `n_infinite`, an infinite PSNR. A photo that cannot be read, or whose reference cannot or has
    another size, is listed under `unreadable`. Raises ValueError if that is all of them, or if they
    are strips of patches for training.
    """
    if index.patch_px is not None:
        raise ValueError(
            f"{index.source}: expected photos, got strips of patches for training; an aligned "
            "source has its patches for testing in part `test`"
        )
    started = time.perf_counter()
    shown = _shown(index.photos, pictures)
    unreadable: list[Skipped] = []
    with atomic_folder(out) as folder:
        (folder / "pictures").mkdir()
        cases = _cases(index, enhance, unreadable)
        cases = _with_pictures(cases, folder / "pictures", shown, baselines)
        measured = _measure_all(cases, baselines, workers or os.cpu_count() or 1)
        if not measured:
            raise ValueError(f"{index.source}: none of its {len(index.photos)} photos can be used")
        summary = {
            "evaluation": evaluation,
            "pair": pair,
            "network": network,
            "photos": index.source,
            "origin": index.origin,
            "simulated": index.simulated,
            "n_images": len(measured),
            "n_identical": sum(photo.identical for photo in measured),
            "unreadable": [asdict(photo) for photo in unreadable],
            "pictures": {
                shown[photo.file]: photo.file for photo in measured if photo.file in shown
            },
            "methods": _statistics([photo for photo in measured if not photo.identical]),
            "seconds": round(time.perf_counter() - started, 3),
        }
        _write_rows(folder / "images.csv", measured)
        write_json(folder / "summary.json", summary)
    return summary


def _cases(index: PhotoIndex, enhance: Enhance, unreadable: list[Skipped]) -> Iterator[_Case]:
    """Read and enhance photo by photo; those that cannot be used are added to `unreadable`."""
    for entry in index.photos:
        try:
            original, reference = _read(index, entry)
        except PhotoError as error:
            file = error.path.relative_to(index.root).as_posix()
            unreadable.append(Skipped(file, error.reason))
            continue
        yield _Case(entry.file, original, enhance(original), reference)


def _read(index: PhotoIndex, entry: PhotoEntry) -> tuple[Pixels, Pixels | None]:
    original = read_photo(index.path(entry)).pixels
    path = index.reference_path(entry)
    if path is None:
        return original, None
    reference = read_photo(path).pixels
    if reference.shape != original.shape:
        expected, got = (f"{p.shape[1]}×{p.shape[0]} px" for p in (original, reference))
        raise PhotoError(path, f"expected {expected} like its photo, got {got}")
    return original, reference


def _versions(case: _Case, baselines: Mapping[str, Enhance]) -> Iterator[tuple[str, Pixels]]:
    """The photo by each method, one at a time, in the order of the rows."""
    yield "original", case.original
    yield "enhanced", case.enhanced
    for name, baseline in baselines.items():
        yield name, baseline(case.original)
    if case.reference is not None:
        yield "target", case.reference


def _measure_all(
    cases: Iterable[_Case], baselines: Mapping[str, Enhance], workers: int
) -> list[_Measured]:
    """Measure in `workers` threads (NumPy and OpenCV let them run side by side), in order."""
    running: list[Future[_Measured]] = []
    with ThreadPoolExecutor(workers) as pool:
        for case in cases:
            running.append(pool.submit(_measure, case, baselines))
            # No more photos are held in memory than there are workers, and the next one.
            if len(running) > workers:
                running[-workers - 1].result()
    return [future.result() for future in running]


def _measure(case: _Case, baselines: Mapping[str, Enhance]) -> _Measured:
    methods = {
        method: measure(pixels, None if method == "target" else case.reference)
        for method, pixels in _versions(case, baselines)
    }
    identical = case.reference is not None and np.array_equal(case.original, case.reference)
    return _Measured(case.file, identical, methods)


def _shown(photos: Sequence[PhotoEntry], pictures: int) -> dict[str, str]:
    """The file of each photo to show, evenly spread, and the stem of its pictures' names."""
    stems: dict[str, str] = {}
    shown = min(pictures, len(photos))
    for number in range(shown):
        file = photos[(2 * number + 1) * len(photos) // (2 * shown)].file
        stem = PurePath(file).stem
        # Photos of different folders may share a stem.
        candidates = chain([stem], (f"{stem}-{repeat}" for repeat in count(2)))
        stems[file] = next(name for name in candidates if name not in stems.values())
    return stems


def _with_pictures(
    cases: Iterable[_Case], folder: Path, stems: Mapping[str, str], baselines: Mapping[str, Enhance]
) -> Iterator[_Case]:
    """Hand the cases on; those with a stem are written as pictures, one by each method."""
    for case in cases:
        if case.file in stems:
            height, width = case.original.shape[:2]
            scale = min(1.0, _PICTURE_PX / max(height, width))
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            for method, pixels in _versions(case, baselines):
                picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
                path = folder / f"{stems[case.file]}.{method}.jpg"
                write_photo(path, np.asarray(picture, np.uint8))
        yield case


def _write_rows(path: Path, measured: Sequence[_Measured]) -> None:
    """One row per photo and method; an infinite value is `inf`, one that cannot be had is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["image", "method", "identical", *METRICS])
        for photo in measured:
            for method, values in photo.methods.items():
                cells = [f"{values[name]:.6f}" if name in values else "" for name in METRICS]
                table.writerow([photo.file, method, int(photo.identical), *cells])


def _statistics(measured: Sequence[_Measured]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Mean and standard deviation (ddof 1) over the photos, by method and metric."""
    values: dict[str, dict[str, list[float]]] = {}
    for photo in measured:
        for method, metrics in photo.methods.items():
            for name, value in metrics.items():
                values.setdefault(method, {}).setdefault(name, []).append(value)
    return {
        method: {name: _moments(metrics[name]) for name in metrics}
        for method, metrics in values.items()
    }


def _moments(values: Sequence[float]) -> dict[str, float | None]:
    finite = [value for value in values if np.isfinite(value)]
    return {
        "mean": float(np.mean(finite)) if finite else None,
        "std": float(np.std(finite, ddof=1)) if len(finite) > 1 else None,
        "n": len(finite),
        "n_infinite": len(values) - len(finite),
    }
