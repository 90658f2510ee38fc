"""Cutting the photos of an index into one packed array of training patches."""

import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.data.patches.part import Part, resumable
from wespe.data.patches.sampling import Cut, Rule, allocate, choose, from_strip
from wespe.photos.images import PhotoError, read_photo
from wespe.photos.jpeg_quality import quality_of
from wespe.results.index import PhotoIndex, Skipped
from wespe.results.layout import PatchFiles
from wespe.results.patches import CutBy, NotCut, PatchManifest
from wespe.results.record import write_record

# To be raised where the same photos and settings give other patches than before.
_VERSION = 2


@dataclass(frozen=True)
class Job:
    """One photo: its number in the index, its size there, the patches wanted, where they go, and
    whether it is a strip of finished patches."""

    number: int
    path: Path
    sha256: str
    shape: tuple[int, int]
    wanted: int
    offset: int
    strip: bool


def extract(
    index: PhotoIndex,
    out: Path,
    *,
    size_px: int,
    mode: Literal["random", "grid"],
    count: int,
    min_std: float,
    max_clipped: float,
    seed: int,
    workers: int | None = None,
) -> PatchManifest:
    """Write a patch set: `out`, uint8 `(N, size_px, size_px, 3)`, and its manifest beside it.

    `count` bounds N; `min_std` is in grey levels (0 to 255), `max_clipped` a share of a patch's
    pixels. Returns the manifest. Its `left_out` counts the photos too small and the positions
    refused as flat or clipped, each replaced by another one where there was one, and lists the
    photos that can no longer be read. The same photos, settings and seed give the same bytes,
    whatever the number of `workers` (default: one for each core), and however often it was stopped:
    it goes on after the photos that are done. A source that gives no patch at all, which may be
    meant for testing only, gets an empty set; training on it is refused. Raises ValueError where an
    index has finished patches of another size, BusyError if another process is at it.
    """
    rule = Rule(size_px, mode, min_std, max_clipped)
    jobs = plan(index, size_px=size_px, mode=mode, count=count)
    with resumable(out, _key(index, rule, count=count, seed=seed)) as part:
        cut = partial(cut_photo, rule=rule, seed=seed, store=part.path)
        left = jobs[len(part.finished) :]
        _pack(part, jobs, ordered_map(cut, left, workers=workers), size_px=size_px)
        manifest = PatchManifest(
            source=index.source,
            origin=index.origin,
            simulated=index.simulated,
            licence=index.licence,
            settings=CutBy(**asdict(rule), count=count),
            seed=seed,
            sha256=sha256(part.path),
            jpeg_quality=_jpeg_quality(part.finished),
            photos=[photo.file for photo in index.photos],
            patches=[
                (job.number, y, x)
                for job, cut in zip(jobs, part.finished, strict=True)
                for y, x in cut.positions
            ],
            left_out=_left_out(index, jobs, part.finished, size_px=size_px),
        )
        write_record(PatchFiles(out).manifest, manifest)
    return manifest


def _key(index: PhotoIndex, rule: Rule, *, count: int, seed: int) -> str:
    """A hash of everything that a set depends on: what was begun of another is not gone on with."""
    parts = [_VERSION, asdict(index), asdict(rule), count, seed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def plan(
    index: PhotoIndex, *, size_px: int, mode: Literal["random", "grid"], count: int
) -> list[Job]:
    """A job for each photo that gives patches, with its own place in the packed array."""
    strips = index.patch_px is not None
    if strips and index.patch_px != size_px:
        raise ValueError(
            f"{index.source}: expected patches of {size_px} px (patches.size_px), got finished "
            f"ones of {index.patch_px} px"
        )
    sides = np.array([(photo.height_px, photo.width_px) for photo in index.photos])
    # Positions in a photo: any px at random, whole cells in a grid.
    places = sides // size_px if strips or mode == "grid" else np.maximum(sides - size_px + 1, 0)
    quotas = allocate(places.prod(axis=1), count)
    starts = len(_header(0, size_px)) + (np.cumsum(quotas) - quotas) * _patch_bytes(size_px)
    return [
        Job(
            number,
            index.path(photo),
            photo.sha256,
            (photo.height_px, photo.width_px),
            wanted=int(quotas[number]),
            offset=int(starts[number]),
            strip=strips,
        )
        for number, photo in enumerate(index.photos)
        if quotas[number]
    ]


def cut_photo(job: Job, *, rule: Rule, seed: int, store: Path) -> Cut:
    """Decode a photo once and write its patches to its place in the file `store`."""
    try:
        pixels = read_photo(job.path).pixels
    except PhotoError as error:
        return Cut(unreadable=error.reason)
    if pixels.shape[:2] != job.shape:
        (height, width), found = job.shape, pixels.shape
        reason = f"{found[1]}×{found[0]} px, expected {width}×{height} px as in the index"
        return Cut(unreadable=reason)
    # Seeded by its content, a photo gives the same patches whatever lies beside it.
    generator = np.random.default_rng([seed, int(job.sha256, 16)])
    if job.strip:
        cut = from_strip(pixels, job.wanted, size_px=rule.size_px)
    else:
        cut = choose(pixels, job.wanted, rule=rule, generator=generator)
    with store.open("r+b") as stream:
        stream.seek(job.offset)
        for y, x in cut.positions:
            stream.write(pixels[y : y + rule.size_px, x : x + rule.size_px].tobytes())
    return replace(cut, jpeg_quality=quality_of(job.path))


def _pack(part: Part, jobs: Sequence[Job], cuts: Iterable[Cut], *, size_px: int) -> None:
    """Close the gaps that photos with fewer patches than planned leave, and write the header.

    A photo is noted as finished when nothing that is written later lies before its end.
    """
    descriptor = os.open(part.path, os.O_RDWR)
    try:
        start = len(_header(0, size_px))
        end = start + sum(len(cut.positions) for cut in part.finished) * _patch_bytes(size_px)
        for job, cut in zip(jobs[len(part.finished) :], cuts, strict=True):
            length = len(cut.positions) * _patch_bytes(size_px)
            if job.offset != end:
                os.pwrite(descriptor, os.pread(descriptor, length, job.offset), end)
            end += length
            part.add(cut)
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, _header((end - start) // _patch_bytes(size_px), size_px), 0)
    finally:
        os.close(descriptor)
    part.sync()


def _jpeg_quality(cuts: Sequence[Cut]) -> int | None:
    """That of the best of the patches' files but for a tenth; None if those are not all JPEG."""
    given = [cut for cut in cuts if cut.positions]
    found = [cut.jpeg_quality for cut in given if cut.jpeg_quality is not None]
    if not found or len(found) < len(given):
        return None
    counts = [len(cut.positions) for cut in given]
    return int(np.quantile(np.repeat(found, counts), 0.9, method="inverted_cdf"))


def _left_out(
    index: PhotoIndex, jobs: Sequence[Job], cuts: Sequence[Cut], *, size_px: int
) -> NotCut:
    return NotCut(
        flat=sum(cut.flat for cut in cuts),
        clipped=sum(cut.clipped for cut in cuts),
        too_small=sum(min(photo.width_px, photo.height_px) < size_px for photo in index.photos),
        unreadable=tuple(
            Skipped(index.photos[job.number].file, cut.unreadable)
            for job, cut in zip(jobs, cuts, strict=True)
            if cut.unreadable
        ),
    )


def _patch_bytes(size_px: int) -> int:
    return size_px * size_px * 3


def _header(count: int, size_px: int) -> bytes:
    """The header of the .npy file; numpy keeps its length the same for any `count`."""
    stream = io.BytesIO()
    shape = (count, size_px, size_px, 3)
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, description)
    return stream.getvalue()
