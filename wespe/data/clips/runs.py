"""Runs of frames of one scene: of a video, or of a folder of frames."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from wespe.core.patterns import matches
from wespe.core.walk import walk
from wespe.photos.images import PHOTO_SUFFIXES, PhotoError, Pixels, read_photo
from wespe.photos.video.clip import read_clip
from wespe.photos.video.colour import pictures
from wespe.photos.video.motion import is_cut
from wespe.photos.video.source import is_video

_SEEN_PX = 320  # What cuts are looked for in has at most this long side.


@dataclass(frozen=True)
class Film:
    """A video, or the photos of a folder that are one."""

    name: str
    """Its path relative to the source's folder."""
    files: tuple[Path, ...]

    def count(self) -> int:
        """How many frames it has. Raises PhotoError."""
        first = self.files[0]
        return read_clip(first).frames if is_video(first) else len(self.files)

    def frames(self) -> Iterator[Pixels]:
        """Its frames, all of one size. Raises PhotoError."""
        if is_video(self.files[0]):
            yield from pictures(read_clip(self.files[0]))
            return
        shape: tuple[int, ...] | None = None
        for file in self.files:
            pixels = read_photo(file).pixels
            if shape not in (None, pixels.shape):
                raise PhotoError(file, f"expected a frame of the size of those before, {shape}")
            shape = pixels.shape
            yield pixels


def find_films(root: Path, include: Sequence[str]) -> list[Film]:
    """The videos below a folder, and its folders that hold photos, by name."""
    films, folders = list[Film](), dict[str, list[Path]]()
    for file in walk(root).files:
        if not any(matches(file.parts, pattern) for pattern in include):
            continue
        if is_video(root / file):
            films.append(Film(str(file), (root / file,)))
        elif file.suffix.lower() in PHOTO_SUFFIXES:
            folders.setdefault(str(file.parent), []).append(root / file)
    films += [
        Film(name, tuple(sorted(files, key=lambda file: _numbered(file.name))))
        for name, files in folders.items()
    ]
    return sorted(films, key=lambda film: film.name)


def runs(frames: Iterable[Pixels], length: int) -> Iterator[list[Pixels]]:
    """Each `length` frames of one scene, one run behind the other; a run never crosses a cut.

    What is left at the end of a scene is in none. Memory: a run.
    """
    run, seen = list[Pixels](), None
    for frame in frames:
        small = _small(frame)
        if seen is not None and is_cut(small, seen):
            run = []
        run.append(frame)
        seen = small
        if len(run) == length:
            yield run
            run = []


def _small(frame: Pixels) -> Pixels:
    factor = _SEEN_PX / max(frame.shape)
    if factor >= 1:
        return frame
    small = cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _numbered(name: str) -> list[tuple[int, str]]:
    """A key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
