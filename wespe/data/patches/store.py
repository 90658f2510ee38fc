"""Reading patch sets, and drawing training batches from them without a state to keep."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels
from wespe.results.layout import PatchFiles
from wespe.results.patches import PatchManifest
from wespe.results.record import read_record

_EPOCH_ORDER, _SYMMETRIES = 0, 1  # what a generator is for: no two share their numbers


@dataclass(frozen=True, eq=False)
class PatchSet:
    """The patches of one source: `pixels`, read-only uint8 `(N, S, S, 3)`, and their manifest."""

    pixels: Pixels
    manifest: PatchManifest

    @classmethod
    def open(cls, path: Path) -> "PatchSet":
        """Map a patch set into memory; ValueError names a file that is not one, is empty, or shows
        nothing: each of its patches is of a single colour."""
        try:
            pixels = np.lib.format.open_memmap(path, mode="r")
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: expected a patch set, got {error}") from error
        shape = pixels.shape
        if pixels.dtype != np.uint8 or len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3:
            raise ValueError(f"{path}: expected uint8 (N, S, S, 3), got {pixels.dtype} {shape}")
        beside = PatchFiles(path).manifest
        manifest = read_record(beside, PatchManifest)
        described = len(manifest.patches)
        if described != len(pixels):
            raise ValueError(
                f"{beside}: expected {len(pixels)} patches as in {path}, got {described}"
            )
        if not described:
            raise ValueError(f"{path}: expected patches, got none; left out: {manifest.left_out}")
        if all((patch == patch[0, 0]).all() for patch in pixels):
            raise ValueError(
                f"{path}: expected photos that show something; the {described} patches of "
                f"{manifest.source} have a single colour each"
            )
        return cls(pixels, manifest)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size_px(self) -> int:
        """Width and height of a patch."""
        return int(self.pixels.shape[1])

    @property
    def photos(self) -> NDArray[np.int64]:
        """The number of the photo that each patch is of, `(N,)`, in the manifest's list."""
        return np.array([photo for photo, *_ in self.manifest.patches], np.int64)

    def batch(
        self,
        step: int,
        batch_size: int,
        *,
        seed: int,
        stream: int,
        augment: bool = False,
        frames: int = 1,
    ) -> Pixels:
        """The patches of training step `step` ≥ 0, uint8 `(batch_size · frames, S, S, 3)`.

        It depends only on its arguments, so a resumed training needs no random state. The steps
        walk through one random order of the set after the other, so every patch comes once an
        epoch. Different `stream`s are independent. `augment` turns and flips each patch into one of
        the square's eight symmetries at random. With `frames`, what is drawn are clips of so many
        patches, see `check_clips`: all of a clip come one after the other, in one symmetry.
        """
        draw = self.draw(step, batch_size, seed=seed, stream=stream, augment=augment, frames=frames)
        return self.take(*draw)

    def draw(
        self,
        step: int,
        batch_size: int,
        *,
        seed: int,
        stream: int,
        augment: bool = False,
        frames: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What `batch` consists of: the numbers of its patches, and the symmetry of each."""
        draws = range(step * batch_size, (step + 1) * batch_size)
        clips = len(self) // frames
        epochs, places = np.divmod(np.array(draws, np.int64), clips)
        numbers = np.concatenate(
            [
                epoch_order(clips, seed, stream, int(epoch))[places[epochs == epoch]]
                for epoch in np.unique(epochs)
            ]
        )
        symmetries = np.zeros(batch_size, np.int64)
        if augment:
            symmetries = _generator(seed, stream, _SYMMETRIES, step).integers(8, size=batch_size)
        if frames == 1:
            return numbers, symmetries
        each = numbers[:, None] * frames + np.arange(frames)
        return each.ravel(), symmetries.repeat(frames)

    def take(self, numbers: NDArray[np.int64], symmetries: NDArray[np.int64]) -> Pixels:
        """The patches of these numbers in these symmetries, uint8 `(N, S, S, 3)`."""
        patches: Pixels = np.asarray(self.pixels[numbers])
        return apply_symmetries(patches, symmetries) if symmetries.any() else patches


def check_pairs(source: PatchSet, target: PatchSet) -> None:
    """Raise ValueError, with the first difference, unless patch n of both shows the same scene.

    That is: it is of a photo of the same name, except for the suffix, at the same position.
    """
    names = [patches.manifest.source for patches in (source, target)]
    places = (_places(source), _places(target))
    for number, (one, other) in enumerate(itertools.zip_longest(*places)):
        if one != other:
            raise ValueError(
                f"expected {names[0]} and {names[1]} to be pairs, with the same scene in patch n "
                f"of both; patch {number} is {_place(one)} of {names[0]} and {_place(other)} of "
                f"{names[1]}. Pairs are the parts of one `aligned` source, or photos of the same "
                "names that are single patches of patches.size_px, with room for all of them in "
                "patches.count. If a photo is left out of one source (see its index.json), or its "
                "patch as flat or clipped (see the patches' manifest), `exclude` it from both"
            )


def check_clips(patches: PatchSet, frames: int) -> None:
    """Raise ValueError unless each `frames` patches, in order, are frames of one clip.

    That is: they lie below each other in one strip of finished patches.
    """
    name, count = patches.manifest.source, len(patches)
    places = np.array(patches.manifest.patches)[: count // frames * frames]
    clips = places.reshape(-1, frames, 3)
    below = np.zeros((frames, 3), np.int64)
    below[:, 1] = patches.size_px * np.arange(frames)
    if count % frames or (clips != clips[:, :1] + below).any():
        raise ValueError(
            f"expected the patches of {name} to be clips of {frames} frames or a multiple: those "
            "of a source of the kind `clips`, with room for all its frames in patches.count, got "
            f"{count} patches of other places"
        )


def _places(patches: PatchSet) -> Iterator[tuple[str, int, int]]:
    """Name of the photo without suffix, y and x of every patch."""
    stems = [PurePosixPath(photo).stem for photo in patches.manifest.photos]
    return ((stems[number], y, x) for number, y, x in patches.manifest.patches)


def _place(place: tuple[str, int, int] | None) -> str:
    return f"{place[0]!r} at y {place[1]}, x {place[2]}" if place else "none"


def apply_symmetries(patches: Pixels, symmetries: NDArray[np.int64]) -> Pixels:
    """Turn patch n of `(N, S, S, 3)` by `symmetries[n] % 4` quarters and mirror it from 4 on."""
    result = np.empty(patches.shape, np.uint8)
    for symmetry in range(8):
        chosen = symmetries == symmetry
        result[chosen] = _turned(patches[chosen], symmetry)
    return result


def symmetry_table(size_px: int) -> NDArray[np.int64]:
    """Which pixel of a patch comes where in each symmetry, `(8, size_px²)`, counted by rows."""
    pixels = np.arange(size_px**2).reshape(1, size_px, size_px)
    return np.concatenate([_turned(pixels, symmetry) for symmetry in range(8)]).reshape(8, -1)


def _turned(patches: NDArray[Any], symmetry: int) -> NDArray[Any]:
    turned = np.rot90(patches, symmetry % 4, axes=(1, 2))
    return turned[:, :, ::-1] if symmetry >= 4 else turned


@lru_cache(maxsize=8)
def epoch_order(count: int, seed: int, stream: int, epoch: int) -> NDArray[np.int64]:
    order = _generator(seed, stream, _EPOCH_ORDER, epoch).permutation(count)
    order.setflags(write=False)
    return order


def _generator(seed: int, stream: int, purpose: int, counter: int) -> np.random.Generator:
    key = np.random.SeedSequence([seed, stream], spawn_key=(purpose, counter))
    return np.random.Generator(np.random.Philox(key))
