"""One enhancer on one set of photos: every metric of every photo, the means, and pictures."""

import csv
import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np

from wespe.core.files import atomic_folder, write_json
from wespe.core.parallel import available_cores, overlapped_map
from wespe.judging.album import Album, evenly_spread
from wespe.judging.baselines import Enhance
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS
from wespe.photos.images import PhotoError, Pixels, read_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET

_EXTREMES = 2


@dataclass(frozen=True)
class _Case:
    """A photo that was read and enhanced, and its reference if it has one."""

    file: str
    original: Pixels
    enhanced: Pixels
    reference: Pixels | None


@dataclass(frozen=True)
class _Stored:
    """A case on its way to another process: a pipe would hold copies of its pixels at both ends."""

    file: str
    pixels: Path

    @classmethod
    def of(cls, case: _Case, pixels: Path) -> Self:
        reference = [] if case.reference is None else [case.reference]
        np.save(pixels, np.stack([case.original, case.enhanced, *reference]))
        return cls(case.file, pixels)

    def take(self) -> _Case:
        photos = np.array(np.lib.format.open_memmap(self.pixels, mode="r"))
        self.pixels.unlink()
        original, enhanced, *reference = photos
        return _Case(self.file, original, enhanced, reference[0] if reference else None)


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
    engine: str,
    baselines: Mapping[str, Enhance],
    metrics: Sequence[str],
    out: Path,
    pictures: int,
    workers: int | None = None,
) -> dict[str, Any]:
    """Measure the originals, the enhanced photos and the baselines; return the summary.

    Writes `images.csv`, `summary.json`, `metrics/METHOD.json` (the means alone), `pictures/` and
    `crops/` into the folder `out`, which appears, or replaces an earlier one, when all is done.
    `enhance` and the baselines take and return uint8 `(H, W, 3)`; `metrics` are keys of METRICS,
    in the order of the columns; `pictures` photos, evenly spread,
    are shown, and with them those that gained least and most. `evaluation` and `pair` are names for
    the summary, `network` is the hash of the network's file, and `engine` what runs it. `enhance`
    runs in this process, one photo at a time, while `workers` processes (default: as many as cores)
    make the baselines and measure. Their number changes no result, and decides how many photos are
    in memory: so many and one more. With more than one, baselines must be picklable.

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
    unreadable: list[Skipped] = []
    with atomic_folder(out) as folder, TemporaryDirectory(dir=folder) as way:
        album = Album(folder)
        shown = evenly_spread([entry.file for entry in index.photos], pictures)
        cases = _showing(_cases(index, enhance, unreadable), album, shown, baselines)
        workers = min(workers or available_cores(), len(index.photos))
        stored = (_Stored.of(case, Path(way, f"{n}.npy")) for n, case in enumerate(cases))
        measured = list(
            overlapped_map(
                partial(_measure, baselines=baselines, metrics=metrics), stored, workers=workers
            )
        )
        if not measured:
            raise ValueError(f"{index.source}: none of its {len(index.photos)} photos can be used")
        gallery, extremes = [*album.files], _extremes(measured, metrics)
        if pictures:
            lacking = {*extremes["worst"], *extremes["best"]} - {*shown}
            again = [entry for entry in index.photos if entry.file in lacking]
            for case in _cases(replace(index, photos=again), enhance, unreadable):
                album.add(case.file, case.original, _versions(case, baselines))
        methods = _statistics([photo for photo in measured if not photo.identical])
        summary = {
            "evaluation": evaluation,
            "pair": pair,
            "network": network,
            "engine": engine,
            "photos": index.source,
            "photos_sha256": _photos_sha256(index),
            "origin": index.origin,
            "simulated": index.simulated,
            "n_images": len(measured),
            "n_identical": sum(photo.identical for photo in measured),
            "unreadable": [asdict(photo) for photo in unreadable],
            **album.summary(),
            "gallery": gallery,
            "extremes": extremes,
            "methods": methods,
            "seconds": round(time.perf_counter() - started, 3),
        }
        _write_rows(folder / "images.csv", measured, metrics)
        _write_means(folder / "metrics", methods)
        write_json(folder / "summary.json", summary)
    return summary


def _photos_sha256(index: PhotoIndex) -> str:
    """One hash of the names and contents of all photos: the version of the test data."""
    lines = sorted(f"{entry.sha256} {entry.file}\n" for entry in index.photos)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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
    yield ORIGINAL, case.original
    yield ENHANCED, case.enhanced
    for name, baseline in baselines.items():
        yield name, baseline(case.original)
    if case.reference is not None:
        yield TARGET, case.reference


def _measure(
    stored: _Stored, baselines: Mapping[str, Enhance], metrics: Sequence[str]
) -> _Measured:
    case = stored.take()
    methods = {
        method: measure(pixels, None if method == TARGET else case.reference, metrics)
        for method, pixels in _versions(case, baselines)
    }
    identical = case.reference is not None and np.array_equal(case.original, case.reference)
    return _Measured(case.file, identical, methods)


def _showing(
    cases: Iterable[_Case], album: Album, shown: Collection[str], baselines: Mapping[str, Enhance]
) -> Iterator[_Case]:
    """Hand the cases on; those that are to be shown go into the album."""
    for case in cases:
        if case.file in shown:
            album.add(case.file, case.original, _versions(case, baselines))
        yield case


def _extremes(measured: Sequence[_Measured], metrics: Sequence[str]) -> dict[str, Any]:
    """The photos that gained least (`worst`) and most (`best`) by being enhanced, at most two each.

    Gains are those of `metric`, the first of `metrics` with a direction that the photos have.
    """
    for name in metrics:
        sign = {"higher": 1, "lower": -1}.get(METRICS[name].shown.better or "", 0)
        gains = {
            photo.file: sign * (photo.methods[ENHANCED][name] - photo.methods[ORIGINAL][name])
            for photo in measured
            if sign and not photo.identical and name in photo.methods[ORIGINAL]
        }
        order = sorted((file for file in gains if np.isfinite(gains[file])), key=gains.__getitem__)
        if len(order) > 1:
            most = min(_EXTREMES, len(order) // 2)
            return {"metric": name, "worst": order[:most], "best": order[: -most - 1 : -1]}
    return {"metric": None, "worst": [], "best": []}


def _write_rows(path: Path, measured: Sequence[_Measured], metrics: Sequence[str]) -> None:
    """One row per photo and method; an infinite value is `inf`, one that cannot be had is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["image", "method", "identical", *metrics])
        for photo in measured:
            for method, values in photo.methods.items():
                cells = [f"{values[name]:.6f}" if name in values else "" for name in metrics]
                table.writerow([photo.file, method, int(photo.identical), *cells])


def _write_means(
    folder: Path, methods: Mapping[str, Mapping[str, Mapping[str, float | None]]]
) -> None:
    """A file a method with its means alone: a row each in `dvc metrics show`."""
    folder.mkdir()
    for method, metrics in methods.items():
        means = {name: value["mean"] for name, value in metrics.items()}
        known = {name: round(mean, 4) for name, mean in means.items() if mean is not None}
        write_json(folder / f"{method}.json", known)


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
