"""What a source hands on: an index of usable photos, and of those left out with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from wespe.results.record import Record, read_record, write_record


@dataclass(frozen=True)
class PhotoEntry(Record):
    """One usable photo; `file` and `reference` are relative to the index's `root`."""

    file: str
    """The photo."""
    width_px: int
    """Its width, once it is turned upright."""
    height_px: int
    """Its height, once it is turned upright."""
    sha256: str
    """Of the file."""
    reference: str | None = None
    """The pixel-aligned target photo of the same scene, where one exists."""


@dataclass(frozen=True)
class Skipped(Record):
    """A photo that was left out, and why."""

    file: str
    """The photo."""
    reason: str
    """Why, in words."""


@dataclass(frozen=True)
class PhotoIndex(Record):
    """The photos of a source."""

    what: ClassVar[str] = "a photo index"
    where: ClassVar[str] = "data/sources/NAME/index.json"

    source: str
    """The name of the source in the settings."""
    root: str
    """The folder of the photos, absolute or relative to the project; in the file it may be empty:
    then it is the index's own folder."""
    origin: str
    """Where the photos come from, a sentence."""
    simulated: bool
    """Whether pixels of any photo come from a camera simulation."""
    photos: Sequence[PhotoEntry]
    """The usable photos."""
    skipped: Sequence[Skipped] = ()
    """The photos that were left out."""
    licence: str | None = None
    """Under what terms the photos may be used; null where nobody has stated it."""
    patch_px: int | None = None
    """Where it is not null, each photo is a strip of finished patches of that size, one below the
    other: they are what training patches are, and there are no others."""

    def path(self, entry: PhotoEntry) -> Path:
        return Path(self.root) / entry.file

    def reference_path(self, entry: PhotoEntry) -> Path | None:
        return Path(self.root) / entry.reference if entry.reference else None


def write_index(path: Path, index: PhotoIndex) -> None:
    """Write `index` as JSON, atomically."""
    write_record(path, index)


def read_index(path: Path) -> PhotoIndex:
    """Read an index; ValueError names the file if it is none."""
    index = read_record(path, PhotoIndex)
    return index if index.root else replace(index, root=str(path.parent))
