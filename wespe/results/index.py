"""What a source passes on: an index of the usable photos, and of those left out with the reason."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from wespe.results.record import Record, read_record, write_record


@dataclass(frozen=True)
class Crop(Record):
    """A rectangle of the upright photo, and the pixel-aligned target photo of it."""

    y: int
    """The uppermost row of the photo in it."""
    x: int
    """The leftmost column of the photo in it."""
    height_px: int
    """Its height, which is that of the reference."""
    width_px: int
    """Its width, which is that of the reference."""
    reference: str
    """The target photo, relative to the index's `root`."""
    sha256: str
    """The SHA-256 of the reference's file."""


@dataclass(frozen=True)
class PhotoEntry(Record):
    """One usable photo; `file` and `reference` are relative to the index's `root`."""

    file: str
    """The photo."""
    width_px: int
    """Its width when it is upright."""
    height_px: int
    """Its height when it is upright."""
    sha256: str
    """The SHA-256 of the file."""
    reference: str | None = None
    """The pixel-aligned target photo of the same scene, if there is one."""
    crops: tuple[Crop, ...] = ()
    """Its parts that have references of their own, in the order of the table that lists them. An
    evaluation enhances the whole photo and measures these."""
    mos: float | None = None
    """The mean opinion score that people gave it, higher for better; null without one."""
    held_out: bool = False
    """Whether no rater may learn from it, so that raters can be held against people there."""


@dataclass(frozen=True)
class Skipped(Record):
    """A photo that was left out, and why."""

    file: str
    """The photo."""
    reason: str
    """The reason, in words."""


@dataclass(frozen=True)
class PhotoIndex(Record):
    """The photos of a source."""

    what: ClassVar[str] = "a photo index"
    where: ClassVar[str] = "data/sources/NAME/index.json"

    source: str
    """The name of the source in the settings."""
    root: str
    """The folder of the photos, absolute or relative to the project. If it is empty in the
    file, it is the folder of the index."""
    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels of any photo come from a camera simulation."""
    photos: Sequence[PhotoEntry]
    """The usable photos."""
    skipped: Sequence[Skipped] = ()
    """The photos that were left out."""
    licence: str | None = None
    """The terms on which the photos may be used; null if nobody has stated them."""
    patch_px: int | None = None
    """If it is not null, each photo is a strip of finished patches of this size, one below the
    other. Only these are used as training patches."""

    def path(self, entry: PhotoEntry) -> Path:
        return self.file_path(entry.file)

    def reference_path(self, entry: PhotoEntry) -> Path | None:
        return self.file_path(entry.reference) if entry.reference else None

    def file_path(self, file: str) -> Path:
        """Where a file that is named relative to the root lies."""
        return Path(self.root) / file


def copy_photos(index: PhotoIndex, folder: Path) -> PhotoIndex:
    """`index` for `folder`, into which its photos and their references are copied.

    Raises ValueError for a photo that is not below the root.
    """
    files = {
        file
        for photo in index.photos
        for file in (photo.file, photo.reference, *(crop.reference for crop in photo.crops))
        if file
    }
    for file in sorted(files):
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError(f"{file}: expected a photo below {index.root} to copy")
        copy = folder / file
        if not copy.exists():  # What a source makes is there already.
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(index.file_path(file), copy)
    return replace(index, root="")


def write_index(path: Path, index: PhotoIndex) -> None:
    """Write `index` as JSON, atomically."""
    write_record(path, index)


def read_index(path: Path) -> PhotoIndex:
    """Read an index. Raises ValueError that names a file that is not one."""
    index = read_record(path, PhotoIndex)
    return index if index.root else replace(index, root=str(path.parent))
