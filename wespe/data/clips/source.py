"""From videos, frames or photos to an index of clips."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.core.patterns import matches
from wespe.core.walk import walk
from wespe.core.words import number_of
from wespe.data.clips.imagined import imagined
from wespe.data.clips.runs import Film, find_films, runs
from wespe.data.clips.settings import ClipsSettings
from wespe.data.patches.sampling import grey_std
from wespe.photos.images import PHOTO_SUFFIXES, PhotoError, Pixels, read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped

_TRIES = 8
"""Places that are tried for a clip until its first frame is not flat."""


@dataclass(frozen=True)
class Found:
    """The clips of one video or photo, and why there are no more."""

    clips: Sequence[PhotoEntry]
    skipped: Sequence[Skipped] = ()


def acquire(name: str, settings: ClipsSettings, out: Path) -> PhotoIndex:
    """Write a strip of patches below `out` for each clip, its frames one below the other.

    Raises ValueError if the folder is missing or gives no clip.
    """
    root = Path(settings.path)
    if not root.is_dir():
        raise ValueError(f"source {name}: expected a folder of clips at {root}, got none")
    found = [*(_of_photos if settings.photos else _of_films)(root, settings, out)]
    clips = [clip for each in found for clip in each.clips]
    skipped = [entry for each in found for entry in each.skipped]
    if not clips:
        reasons = "".join(f"; {entry.file}: {entry.reason}" for entry in skipped[:5])
        what = "photos" if settings.photos else "videos or folders of frames"
        raise ValueError(f"source {name}: expected clips of {what} in {root}, got none{reasons}")
    seen = "an imagined camera that moves over photos" if settings.photos else "videos"
    origin = (
        f"{number_of(len(clips), 'clip')} of {settings.frames} frames, of {seen} in {settings.path}"
    )
    return PhotoIndex(name, "", origin, settings.photos, clips, skipped, patch_px=settings.size_px)


def _of_photos(root: Path, settings: ClipsSettings, out: Path) -> Iterator[Found]:
    files = [
        file
        for file in walk(root).files
        if file.suffix.lower() in PHOTO_SUFFIXES
        and any(matches(file.parts, pattern) for pattern in settings.include)
    ]
    crops = min(settings.crops, -(-settings.count // max(len(files), 1)))
    jobs = [(file, min(crops, settings.count - crops * n)) for n, file in enumerate(files)]
    move = partial(_over_photo, root=root, settings=settings, out=out)
    return ordered_map(move, [job for job in jobs if job[1] > 0])


def _over_photo(
    job: tuple[PurePosixPath, int], *, root: Path, settings: ClipsSettings, out: Path
) -> Found:
    (file, crops), clips = job, list[PhotoEntry]()
    try:
        photo = read_photo(root / file).pixels
    except PhotoError as error:
        return Found((), (Skipped(str(file), f"unreadable: {error.reason}"),))
    # Seeded by its content, a photo gives the same clips whatever lies beside it.
    generator = np.random.default_rng([settings.seed, int(sha256(root / file), 16)])
    motion, factor = settings.motion, settings.reduce
    # In px of the photo, which is reduced afterwards.
    scaled = motion.model_copy(
        update={key: getattr(motion, key) * factor for key in ("shift_px", "shake_px", "deform_px")}
    )
    for _ in range(_TRIES * crops):
        frames = imagined(
            photo,
            size_px=settings.size_px * factor,
            frames=settings.frames,
            motion=scaled,
            generator=generator,
        )
        if frames is None:
            continue
        made = [_reduced(frame, factor) for frame in frames]
        if grey_std(made[0]) >= settings.min_std:
            clips.append(_written(out, f"{file}/{len(clips):04d}.png", made))
        if len(clips) == crops:
            break
    lacking = f"{number_of(crops - len(clips), 'clip')} flat, or without room for the motion"
    return Found(clips, (Skipped(str(file), lacking),) if len(clips) < crops else ())


def _of_films(root: Path, settings: ClipsSettings, out: Path) -> Iterator[Found]:
    films, lengths = list[tuple[Film, int]](), 0
    for film in find_films(root, settings.include):
        try:
            count = film.count() // settings.frames
        except PhotoError as error:
            yield Found((), (Skipped(film.name, f"unreadable: {error.reason}"),))
        else:
            films.append((film, lengths))
            lengths += count
    crops = min(settings.crops, settings.count)
    every = max(1, math.ceil(lengths / (settings.count // crops)))
    cut = partial(_of_film, settings=settings, out=out, crops=crops, every=every)
    yield from ordered_map(cut, films)


def _of_film(
    job: tuple[Film, int], *, settings: ClipsSettings, out: Path, crops: int, every: int
) -> Found:
    """Clips of a film that has so many runs before it, `crops` of every `every`-th run of all."""
    (film, before), clips, skipped = job, list[PhotoEntry](), list[Skipped]()
    number = taken = 0
    try:
        for number, run in enumerate(runs(film.frames(), settings.frames), start=1):
            if (before + number - 1) % every:
                continue
            taken += 1
            generator = np.random.default_rng([settings.seed, number, *film.name.encode()])
            for crop in range(crops):
                file = f"{film.name}/{number:05d}-{crop}.png"
                if made := _cut(run, settings, generator):
                    clips.append(_written(out, file, made))
    except PhotoError as error:
        skipped.append(Skipped(film.name, f"unreadable after {number} runs: {error.reason}"))
    if not clips and (taken or not number):
        reason = f"no {settings.frames} frames of one scene, or too small, or flat"
        skipped.append(Skipped(film.name, reason))
    return Found(clips, skipped)


def _cut(
    run: Sequence[Pixels], settings: ClipsSettings, generator: np.random.Generator
) -> list[Pixels] | None:
    """The same place of all frames; None where none is found that is not flat."""
    side = settings.size_px * settings.reduce
    room = np.array(run[0].shape[:2]) - side
    if (room < 0).any():
        return None
    for _ in range(_TRIES):
        y, x = generator.integers(room + 1)
        made = [_reduced(frame[y : y + side, x : x + side], settings.reduce) for frame in run]
        if grey_std(made[0]) >= settings.min_std:
            return made
    return None


def _reduced(frame: Pixels, factor: int) -> Pixels:
    if factor == 1:
        return frame
    side = frame.shape[0] // factor
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _written(out: Path, file: str, frames: Sequence[Pixels]) -> PhotoEntry:
    strip = np.concatenate(frames)
    write_photo(out / file, strip)
    return PhotoEntry(file, strip.shape[1], strip.shape[0], sha256(out / file))
