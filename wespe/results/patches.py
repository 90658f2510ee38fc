"""The manifest of a patch set: which photos it is of, and where its patches lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from wespe.results.index import Skipped
from wespe.results.record import Record


@dataclass(frozen=True, kw_only=True)
class CutBy(Record):
    """The settings `patches` that a set was cut by."""

    size_px: int
    """Width and height of a patch."""
    mode: Literal["random", "grid"]
    """How positions are chosen."""
    min_std: float
    """A patch whose grey levels (0 to 255) deviate less is flat."""
    max_clipped: float
    """A patch with a larger share of black or white pixels is clipped."""
    count: int
    """The most patches of a set."""


@dataclass(frozen=True, kw_only=True)
class NotCut(Record):
    """What gave no patch."""

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
            f"and {len(self.unreadable)} unreadable photos"
        )


@dataclass(frozen=True, kw_only=True)
class PatchManifest(Record):
    """The manifest of a patch set, uint8 `(N, size_px, size_px, 3)` in a `.npy` file beside it."""

    what: ClassVar[str] = "the manifest of a patch set"
    where: ClassVar[str] = "data/patches/NAME.json"

    source: str
    """The source of the photos."""
    origin: str
    """Where the photos come from, a sentence."""
    simulated: bool
    """Whether pixels come from a camera simulation."""
    licence: str | None
    """The terms of the photos, where they are known."""
    settings: CutBy
    """What the set was cut by."""
    seed: int
    """Of the positions."""
    sha256: str
    """Of the `.npy` file."""
    photos: Sequence[str]
    """The files of the source's index, in its order."""
    patches: Sequence[tuple[int, int, int]]
    """Of each patch the number of its photo in `photos`, and y and x of its top left corner."""
    left_out: NotCut
    """What gave no patch."""
