"""One enhancer on one set of photos: every metric of every photo or crop, means, and pictures."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Self

import numpy as np

from wespe.core.files import atomic_folder
from wespe.core.parallel import available_cores, overlapped_map
from wespe.judging.album import Album, evenly_spread
from wespe.judging.gains import extremes_of
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS
from wespe.judging.versions import (
    Part,
    read_parts,
    read_smaller,
    refuse_references,
    versions,
)
from wespe.photos.images import Enhance, PhotoError, Pixels
from wespe.results.agreement import WithPeople, with_people
from wespe.results.evaluations import EvaluationSummary, ImageRow, means_of, write_images
from wespe.results.index import Crop, PhotoEntry, PhotoIndex, Skipped
from wespe.results.layout import EvaluationFiles
from wespe.results.means import DECIMALS
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.record import write_record


@dataclass(frozen=True)
class _Stored:
    """An enhanced photo on its way to another process, in a file: a pipe would hold copies of its
    pixels at both ends."""

    file: str
    pixels: Path
    parts: tuple[tuple[bool, Crop | None, int], ...]
    """Of each part, whether it has a reference, where it lies, and its border."""

    @classmethod
    def of(
        cls, file: str, original: Pixels, enhanced: Pixels, parts: Sequence[Part], pixels: Path
    ) -> Self:
        references = [part.reference for part in parts if part.reference is not None]
        with pixels.open("wb") as stream:
            for array in (np.stack([original, enhanced]), *references):
                np.lib.format.write_array(stream, array)
        about = tuple((part.reference is not None, part.crop, part.border_px) for part in parts)
        return cls(file, pixels, about)

    def take(self) -> tuple[Pixels, Pixels, list[Part]]:
        """Original, enhanced and parts; the file is gone then."""
        with self.pixels.open("rb") as stream:
            original, enhanced = _array(stream)
            parts = [
                Part(_array(stream) if has_reference else None, crop, border_px)
                for has_reference, crop, border_px in self.parts
            ]
        self.pixels.unlink()
        return original, enhanced, parts


def _array(stream: BinaryIO) -> Pixels:
    return np.asarray(np.lib.format.read_array(stream), np.uint8)


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
    scale: int = 1,
    weights: Path | None = None,
    workers: int | None = None,
) -> EvaluationSummary:
    """Measure the originals, the enhanced photos and the baselines; return the summary.

    A photo with crops is enhanced as a whole, once by each method; its crops are measured.

    Writes the files of `EvaluationFiles` into the folder `out`, which appears, or replaces an
    earlier one, when all is done. `enhance` and the baselines take and return uint8 `(H, W, 3)`;
    `metrics` are keys of METRICS, in the order of the columns; `pictures` photos, evenly spread,
    are shown, and with them those that gained least and most. `evaluation` and `pair` are names for
    the summary, `network` is the hash of the network's file, and `engine` what runs it. `enhance`
    runs in this process, one photo at a time, while `workers` processes (default: as many as cores)
    make the baselines and measure. Their number changes no result; one photo more than there are
    workers is in memory. With more than one, baselines must be picklable.

    `scale`: how many times larger `enhance` makes photos. Above 1 photos are made smaller first and
    are their own references, as `read_smaller` has it; the originals are those enlarged by bicubic.
    `weights`: a file for metrics that need one; None for those that are downloaded.

    Means leave out a photo or crop whose reference has equal pixels (`identical`) and, counted in
    `n_infinite`, an infinite PSNR. A photo that cannot be read, or one of whose references cannot
    or has another size, is listed under `unreadable`. Raises ValueError if that is all of them, or
    if they are strips of patches for training, or have references where they are made smaller.
    """
    if index.patch_px is not None:
        raise ValueError(
            f"{index.source}: expected photos, got strips of patches for training; an aligned "
            "source has its patches for testing in part `test`"
        )
    if scale != 1:
        refuse_references(index, scale)
    started = time.perf_counter()
    opened = partial(_opened, index, enhance, scale)
    with atomic_folder(out) as folder, TemporaryDirectory(dir=folder) as way:
        files = EvaluationFiles(folder)
        album = Album(files)
        shown = evenly_spread([entry.file for entry in index.photos], pictures)
        found = list(
            overlapped_map(
                partial(_measure, baselines=baselines, metrics=metrics, weights=weights),
                _enhanced(index, opened, baselines, album, shown, Path(way)),
                workers=min(workers or available_cores(), len(index.photos)),
            )
        )
        photos = [rows for rows in found if not isinstance(rows, Skipped)]
        if not photos:
            raise ValueError(
                f"{index.source}: none of its photos ({len(index.photos)}) can be used"
            )
        images = [row for rows in photos for row in rows]
        originals = [row for row in images if row.method == ORIGINAL]
        seen = ORIGINAL if scale == 1 else TARGET
        gallery, extremes = tuple(album.files), extremes_of(images, metrics)
        for entry in index.photos:
            if pictures and entry.file in {*extremes.worst, *extremes.best} - {*shown}:
                original, its_own, parts = opened(entry)
                album.add(entry.file, original, {ENHANCED: its_own, **baselines}, parts)
        summary = EvaluationSummary(
            evaluation=evaluation,
            pair=pair,
            network=network,
            engine=engine,
            scale=scale,
            photos=index.source,
            photos_sha256=_photos_sha256(index),
            origin=index.origin,
            simulated=index.simulated,
            n_images=len(photos),
            n_crops=sum(row.corner is not None for row in originals),
            n_identical=sum(row.identical for row in originals),
            unreadable=tuple(photo for photo in found if isinstance(photo, Skipped)),
            pictures=album.files,
            crops=album.crops,
            sizes=album.sizes,
            gallery=gallery,
            extremes=extremes,
            methods=means_of(images),
            # People saw the photos as they are.
            people=_people([row for row in images if row.method == seen], metrics, index),
            seconds=round(time.perf_counter() - started, 3),
        )
        write_images(files.images, images, metrics)
        write_record(files.summary, summary)
    return summary


def _people(
    photos: Sequence[ImageRow], metrics: Sequence[str], index: PhotoIndex
) -> dict[str, WithPeople]:
    """How far each metric without a reference agrees with people on whole photos."""
    found = {}
    for name in metrics:
        if METRICS[name].needs_reference:
            continue
        values = {row.image: row.values.get(name) for row in photos if row.corner is None}
        scores = {file: value for file, value in values.items() if value is not None}
        agreed = with_people(scores, index, lower=METRICS[name].shown.better == "lower")
        if agreed:
            found[name] = agreed
    return found


def _photos_sha256(index: PhotoIndex) -> str:
    """One hash of the names and contents of all photos, and of what is measured of them: the
    version of the test data."""
    lines = sorted(f"{entry.sha256} {entry.file}\n" for entry in index.photos)
    lines += sorted(
        f"{crop.sha256} {entry.file} {crop.y} {crop.x}\n"
        for entry in index.photos
        for crop in entry.crops
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _opened(
    index: PhotoIndex, enhance: Enhance, scale: int, entry: PhotoEntry
) -> tuple[Pixels, Enhance, list[Part]]:
    """A photo, what enhances it, and what is measured of it."""
    if scale == 1:
        original, parts = read_parts(index, entry)
        return original, enhance, parts
    small, original, part = read_smaller(index, entry, scale)
    return original, lambda _: enhance(small), [part]


def _enhanced(
    index: PhotoIndex,
    opened: Callable[[PhotoEntry], tuple[Pixels, Enhance, list[Part]]],
    baselines: Mapping[str, Enhance],
    album: Album,
    shown: Collection[str],
    way: Path,
) -> Iterator[_Stored | Skipped]:
    """Read and enhance photo by photo, and store each in the folder `way`; those of `shown` are
    added to the album."""
    for number, entry in enumerate(index.photos):
        try:
            original, enhance, parts = opened(entry)
        except PhotoError as error:
            yield Skipped(error.path.relative_to(index.root).as_posix(), error.reason)
            continue
        enhanced = enhance(original)
        if entry.file in shown:
            album.add(entry.file, original, _known(enhanced, baselines), parts)
        yield _Stored.of(entry.file, original, enhanced, parts, way / f"{number}.pixels")


def _known(enhanced: Pixels, baselines: Mapping[str, Enhance]) -> dict[str, Enhance]:
    """The enhancers of a photo that the network has already enhanced."""
    return {ENHANCED: lambda _: enhanced, **baselines}


def _measure(
    photo: _Stored | Skipped,
    baselines: Mapping[str, Enhance],
    metrics: Sequence[str],
    weights: Path | None,
) -> tuple[ImageRow, ...] | Skipped:
    """The rows of a photo, for each of its parts one a method."""
    if isinstance(photo, Skipped):
        return photo
    original, enhanced, parts = photo.take()
    rows: list[list[ImageRow]] = [[] for _ in parts]
    for method, pixels in versions(original, _known(enhanced, baselines)):
        for part, found in zip(parts, rows, strict=True):
            values = _values(method, part, part.of(pixels), metrics, weights)
            found.append(_row(photo.file, method, part, original, values))
    for part, found in zip(parts, rows, strict=True):
        if part.compared is not None:
            values = _values(TARGET, part, part.compared, metrics, weights)
            found.append(_row(photo.file, TARGET, part, original, values))
    return tuple(row for found in rows for row in found)


def _values(
    method: str, part: Part, pixels: Pixels, metrics: Sequence[str], weights: Path | None
) -> dict[str, float]:
    """The metrics of a part, `pixels` by one method; the reference has no other."""
    values = measure(pixels, None if method == TARGET else part.compared, metrics, weights)
    return {name: round(value, DECIMALS) for name, value in values.items()}


def _row(
    file: str, method: str, part: Part, original: Pixels, values: dict[str, float]
) -> ImageRow:
    """A part of a photo by one method."""
    compared = part.compared
    identical = compared is not None and np.array_equal(part.of(original), compared)
    corner = (part.crop.y, part.crop.x) if part.crop else None
    return ImageRow(file, method, identical, values, corner)
