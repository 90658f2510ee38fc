"""Cutting the photos of an index into one packed array of training patches."""

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wespe.acquisition.index import PhotoIndex
from wespe.files import atomic_file, sha256, write_json
from wespe.images import PhotoError, read_photo
from wespe.parallel import ordered_map
from wespe.patches.sampling import Rule, allocate, choose


@dataclass(frozen=True)
class Job:
    """One photo: its number in the index, its size there, the patches wanted, where they go."""

    number: int
    path: Path
    sha256: str
    shape: tuple[int, int]
    wanted: int
    offset: int


@dataclass(frozen=True)
class Cut:
    """What one photo gave: `(y, x)` of its patches, positions refused, or why it gave none."""

    positions: Sequence[tuple[int, int]] = ()
    flat: int = 0
    clipped: int = 0
    unreadable: str | None = None


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
) -> dict[str, Any]:
    """Write a patch set: `out`, uint8 `(N, size_px, size_px, 3)`, and its manifest beside it.

    `count` bounds N; `min_std` is in grey levels (0 to 255), `max_clipped` a share of a patch's
    pixels. Returns the manifest. Its `left_out` counts the photos too small and the positions
    refused as flat or clipped, each replaced by another one where there was one, and lists the
    photos that can no longer be read. The same photos, settings and seed give the same bytes,
    whatever the number of `workers` (default: one for each core). A source that gives no patch at
    all, which may be meant for testing only, gets an empty set; training on it is refused.
    """
    rule = Rule(size_px, mode, min_std, max_clipped)
    jobs = plan(index, size_px=size_px, mode=mode, count=count)
    with atomic_file(out) as temporary:
        cut = partial(cut_photo, rule=rule, seed=seed, store=temporary)
        cuts = _pack(temporary, jobs, ordered_map(cut, jobs, workers=workers), size_px=size_px)
        left_out = _left_out(index, jobs, cuts, size_px=size_px)
        digest = sha256(temporary)
    manifest = {
        "source": index.source,
        "origin": index.origin,
        "simulated": index.simulated,
        "licence": index.licence,
        "settings": {**asdict(rule), "count": count},
        "seed": seed,
        "sha256": digest,
        "photos": [photo.file for photo in index.photos],
        "patches": [
            [job.number, y, x]
            for job, cut in zip(jobs, cuts, strict=True)
            for y, x in cut.positions
        ],
        "left_out": left_out,
    }
    write_json(out.with_suffix(".json"), manifest)
    return manifest


def plan(
    index: PhotoIndex, *, size_px: int, mode: Literal["random", "grid"], count: int
) -> list[Job]:
    """A job for each photo that gives patches, with its own place in the packed array."""
    sides = np.array([(photo.height_px, photo.width_px) for photo in index.photos])
    # Positions in a photo: any px at random, whole cells in a grid.
    places = sides // size_px if mode == "grid" else np.maximum(sides - size_px + 1, 0)
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
        reason = f"{found[1]}×{found[0]} px, the index says {width}×{height} px"
        return Cut(unreadable=reason)
    # Seeded by its content, a photo gives the same patches whatever lies beside it.
    generator = np.random.default_rng([seed, int(job.sha256, 16)])
    choice = choose(pixels, job.wanted, rule=rule, generator=generator)
    with store.open("r+b") as stream:
        stream.seek(job.offset)
        for y, x in choice.positions:
            stream.write(pixels[y : y + rule.size_px, x : x + rule.size_px].tobytes())
    return Cut(choice.positions, choice.flat, choice.clipped)


def _pack(store: Path, jobs: Sequence[Job], cuts: Iterable[Cut], *, size_px: int) -> list[Cut]:
    """Close the gaps that photos with fewer patches than planned leave, and write the header."""
    finished: list[Cut] = []
    descriptor = os.open(store, os.O_RDWR)
    try:
        end = start = len(_header(0, size_px))
        for job, cut in zip(jobs, cuts, strict=True):
            length = len(cut.positions) * _patch_bytes(size_px)
            if job.offset != end:
                os.pwrite(descriptor, os.pread(descriptor, length, job.offset), end)
            end += length
            finished.append(cut)
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, _header((end - start) // _patch_bytes(size_px), size_px), 0)
    finally:
        os.close(descriptor)
    return finished


def _left_out(
    index: PhotoIndex, jobs: Sequence[Job], cuts: Sequence[Cut], *, size_px: int
) -> dict[str, Any]:
    return {
        "flat": sum(cut.flat for cut in cuts),
        "clipped": sum(cut.clipped for cut in cuts),
        "too_small": sum(min(photo.width_px, photo.height_px) < size_px for photo in index.photos),
        "unreadable": [
            {"file": index.photos[job.number].file, "reason": cut.unreadable}
            for job, cut in zip(jobs, cuts, strict=True)
            if cut.unreadable
        ],
    }


def _patch_bytes(size_px: int) -> int:
    return size_px * size_px * 3


def _header(count: int, size_px: int) -> bytes:
    """The header of the .npy file; numpy keeps its length the same for any `count`."""
    stream = io.BytesIO()
    shape = (count, size_px, size_px, 3)
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, description)
    return stream.getvalue()
