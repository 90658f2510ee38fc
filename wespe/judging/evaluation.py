"""One enhancer on one set of photos: every metric of every photo, the means, and pictures."""

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import numpy as np

from wespe.core.files import atomic_folder
from wespe.core.parallel import available_cores, overlapped_map
from wespe.judging.album import Album, evenly_spread
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS
from wespe.judging.versions import read_entry, versions
from wespe.photos.images import Enhance, PhotoError, Pixels
from wespe.results.evaluations import (
    EvaluationSummary,
    Extremes,
    ImageRow,
    by_photo,
    means_of,
    write_images,
)
from wespe.results.index import PhotoIndex, Skipped
from wespe.results.layout import EvaluationFiles
from wespe.results.means import DECIMALS
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.record import write_record

_EXTREMES = 2


@dataclass(frozen=True)
class _Stored:
    """An enhanced photo on its way to another process, in a file: a pipe would hold copies of its
    pixels at both ends."""

    file: str
    pixels: Path

    @classmethod
    def of(
        cls, file: str, original: Pixels, enhanced: Pixels, reference: Pixels | None, pixels: Path
    ) -> Self:
        references = [] if reference is None else [reference]
        np.save(pixels, np.stack([original, enhanced, *references]))
        return cls(file, pixels)

    def take(self) -> tuple[Pixels, Pixels, Pixels | None]:
        """Original, enhanced and reference; the file is gone then."""
        photos = np.array(np.lib.format.open_memmap(self.pixels, mode="r"))
        self.pixels.unlink()
        original, enhanced, *references = photos
        return original, enhanced, references[0] if references else None


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
) -> EvaluationSummary:
    """Measure the originals, the enhanced photos and the baselines; return the summary.

    Writes the files of `EvaluationFiles` into the folder `out`, which appears, or replaces an
    earlier one, when all is done. `enhance` and the baselines take and return uint8 `(H, W, 3)`;
    `metrics` are keys of METRICS, in the order of the columns; `pictures` photos, evenly spread,
    are shown, and with them those that gained least and most. `evaluation` and `pair` are names for
    the summary, `network` is the hash of the network's file, and `engine` what runs it. `enhance`
    runs in this process, one photo at a time, while `workers` processes (default: as many as cores)
    make the baselines and measure. Their number changes no result; one photo more than there are
    workers is in memory. With more than one, baselines must be picklable.

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
    with atomic_folder(out) as folder, TemporaryDirectory(dir=folder) as way:
        files = EvaluationFiles(folder)
        album = Album(files)
        shown = evenly_spread([entry.file for entry in index.photos], pictures)
        found = list(
            overlapped_map(
                partial(_measure, baselines=baselines, metrics=metrics),
                _enhanced(index, enhance, baselines, album, shown, Path(way)),
                workers=min(workers or available_cores(), len(index.photos)),
            )
        )
        photos = [rows for rows in found if not isinstance(rows, Skipped)]
        if not photos:
            raise ValueError(f"{index.source}: none of its {len(index.photos)} photos can be used")
        images = [row for rows in photos for row in rows]
        gallery, extremes = tuple(album.files), _extremes(images, metrics)
        for entry in index.photos:
            if pictures and entry.file in {*extremes.worst, *extremes.best} - {*shown}:
                original, reference = read_entry(index, entry)
                by_all = versions(original, {ENHANCED: enhance, **baselines}, reference)
                album.add(entry.file, original, by_all)
        summary = EvaluationSummary(
            evaluation=evaluation,
            pair=pair,
            network=network,
            engine=engine,
            photos=index.source,
            photos_sha256=_photos_sha256(index),
            origin=index.origin,
            simulated=index.simulated,
            n_images=len(photos),
            n_identical=sum(rows[0].identical for rows in photos),
            unreadable=tuple(photo for photo in found if isinstance(photo, Skipped)),
            pictures=album.files,
            crops=album.crops,
            sizes=album.sizes,
            gallery=gallery,
            extremes=extremes,
            methods=means_of(images),
            seconds=round(time.perf_counter() - started, 3),
        )
        write_images(files.images, images, metrics)
        write_record(files.summary, summary)
    return summary


def _photos_sha256(index: PhotoIndex) -> str:
    """One hash of the names and contents of all photos: the version of the test data."""
    lines = sorted(f"{entry.sha256} {entry.file}\n" for entry in index.photos)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _enhanced(
    index: PhotoIndex,
    enhance: Enhance,
    baselines: Mapping[str, Enhance],
    album: Album,
    shown: Collection[str],
    way: Path,
) -> Iterator[_Stored | Skipped]:
    """Read and enhance photo by photo, and store each in the folder `way`; those of `shown` are
    added to the album."""
    for number, entry in enumerate(index.photos):
        try:
            original, reference = read_entry(index, entry)
        except PhotoError as error:
            yield Skipped(error.path.relative_to(index.root).as_posix(), error.reason)
            continue
        enhanced = enhance(original)
        if entry.file in shown:
            by_all = versions(original, _known(enhanced, baselines), reference)
            album.add(entry.file, original, by_all)
        yield _Stored.of(entry.file, original, enhanced, reference, way / f"{number}.npy")


def _known(enhanced: Pixels, baselines: Mapping[str, Enhance]) -> dict[str, Enhance]:
    """The enhancers of a photo that the network has already enhanced."""
    return {ENHANCED: lambda _: enhanced, **baselines}


def _measure(
    photo: _Stored | Skipped, baselines: Mapping[str, Enhance], metrics: Sequence[str]
) -> tuple[ImageRow, ...] | Skipped:
    """The rows of a photo, one a method."""
    if isinstance(photo, Skipped):
        return photo
    original, enhanced, reference = photo.take()
    identical = reference is not None and np.array_equal(original, reference)
    rows = []
    for method, pixels in versions(original, _known(enhanced, baselines), reference):
        values = measure(pixels, None if method == TARGET else reference, metrics)
        rounded = {name: round(value, DECIMALS) for name, value in values.items()}
        rows.append(ImageRow(photo.file, method, identical, rounded))
    return tuple(rows)


def _extremes(images: Sequence[ImageRow], metrics: Sequence[str]) -> Extremes:
    """The photos that gained least and most by being enhanced, at most two each.

    Gains are those of the first of `metrics` with a direction that the photos have.
    """
    for name in metrics:
        sign = {"higher": 1, "lower": -1}.get(METRICS[name].shown.better or "", 0)
        gains = {
            file: sign * (values[ENHANCED] - values[ORIGINAL])
            for file, values in by_photo(images, name).items()
            if sign and {ORIGINAL, ENHANCED} <= values.keys()
        }
        order = sorted(gains, key=gains.__getitem__)
        if len(order) > 1:
            most = min(_EXTREMES, len(order) // 2)
            return Extremes(
                metric=name, worst=tuple(order[:most]), best=tuple(order[: -most - 1 : -1])
            )
    return Extremes()
