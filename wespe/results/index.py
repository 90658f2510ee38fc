"""What a source hands on: an index of usable photos, and of those left out with the reason."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wespe.core.files import read_json, write_json


@dataclass(frozen=True)
class PhotoEntry:
    """One usable photo; `file` and `reference` are relative to the index's `root`."""

    file: str
    width_px: int
    height_px: int
    sha256: str
    reference: str | None = None
    """The pixel-aligned target photo of the same scene, where one exists."""


@dataclass(frozen=True)
class Skipped:
    """One file that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class PhotoIndex:
    """The photos of one source.

    `root` is a folder, absolute or relative to the project; empty on disk: the index's own folder.
    `origin` says in a sentence where the photos come from; `simulated` is true if any of their
    pixels come from a camera simulation. `licence` says under what terms they may be used, None
    where no one has stated it. `patch_px`, where it is not None, says that each photo is a strip of
    finished patches of that size, one below the other: they are what training patches are, and no
    others.
    """

    source: str
    root: str
    origin: str
    simulated: bool
    photos: Sequence[PhotoEntry]
    skipped: Sequence[Skipped] = ()
    licence: str | None = None
    patch_px: int | None = None

    def path(self, entry: PhotoEntry) -> Path:
        return Path(self.root) / entry.file

    def reference_path(self, entry: PhotoEntry) -> Path | None:
        return Path(self.root) / entry.reference if entry.reference else None


def write_index(path: Path, index: PhotoIndex) -> None:
    """Write `index` as JSON, atomically."""
    write_json(path, asdict(index))


def read_index(path: Path) -> PhotoIndex:
    """Read an index; ValueError names the file if it is none."""
    value: dict[str, Any] = read_json(path)
    try:
        photos = [PhotoEntry(**entry) for entry in value.pop("photos")]
        skipped = [Skipped(**entry) for entry in value.pop("skipped")]
        value["root"] = value["root"] or str(path.parent)
        return PhotoIndex(**value, photos=photos, skipped=skipped)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: expected a photo index, got {error}") from error
