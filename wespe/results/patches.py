"""The manifest of a patch set: which photos its patches are from, and where they lie in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from wespe.core.words import number_of
from wespe.results.index import Skipped
from wespe.results.record import Record


@dataclass(frozen=True, kw_only=True)
class CutBy(Record):
    """The settings `patches` that a set was cut with."""

    size_px: int
    """Width and height of a patch."""
    mode: Literal["random", "grid"]
    """How positions are chosen."""
    min_std: float
    """A patch is flat if its grey levels (0 to 255) have a smaller standard deviation."""
    max_clipped: float
    """A patch is clipped if a larger share of its pixels has a channel at 0 or 255."""
    count: int
    """The largest number of patches in a set."""


@dataclass(frozen=True, kw_only=True)
class NotCut(Record):
    """The positions and photos that gave no patch."""

    flat: int
    """Positions refused as flat."""
    clipped: int
    """Positions refused as clipped."""
    too_small: int
    """Photos smaller than a patch."""
    unreadable: tuple[Skipped, ...]
    """Photos that could no longer be read."""

    def __str__(self) -> str:
        return (
            f"{self.flat} flat and {self.clipped} clipped positions, {self.too_small} too small "
            f"and {number_of(len(self.unreadable), 'unreadable photo')}"
        )


@dataclass(frozen=True, kw_only=True)
class PatchManifest(Record):
    """The manifest of a patch set, uint8 `(N, size_px, size_px, 3)` in a `.npy` file beside it."""

    what: ClassVar[str] = "the manifest of a patch set"
    where: ClassVar[str] = "data/patches/NAME.json"

    source: str
    """The source of the photos."""
    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels come from a camera simulation."""
    licence: str | None
    """The terms of the photos, if they are known."""
    settings: CutBy
    """The settings that the set was cut with."""
    seed: int
    """The seed of the positions."""
    sha256: str
    """The SHA-256 of the `.npy` file."""
    jpeg_quality: int | None
    """The quality of the photos' files, in libjpeg's scale, by their quantisation tables: that of
    nine tenths of the patches is at most this. Null: some are no JPEG."""
    photos: Sequence[str]
    """The files of the source's index, in its order."""
    patches: Sequence[tuple[int, int, int]]
    """For each patch, the number of its photo in `photos`, and y and x of its top left corner."""
    left_out: NotCut
    """The positions and photos that gave no patch."""
