"""Real photos with simulated viewers: a dataset of faves whose best possible accuracy is known.

Photos are cut into tiles, each tile is made worse to a quality level, and faves are drawn by
`viewers.Viewers`. It stands in for Flickr's faves where there is no key, to prove that a rater
learns what there is to learn; it says nothing of what people like, and all that is made of it says
"simulated viewers".
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from wespe.acquisition import demo
from wespe.acquisition.degradations import DEGRADATIONS, Degradation, degrade, jpeg_quality
from wespe.acquisition.faves import TABLE, Part, median_split
from wespe.acquisition.folder import FolderSettings, find_photos, index_photos
from wespe.acquisition.index import PhotoEntry, PhotoIndex, Skipped
from wespe.acquisition.settings import SourceSettings
from wespe.acquisition.viewers import Viewers
from wespe.files import sha256, write_json
from wespe.images import read_photo, write_photo
from wespe.schema import Count, NonNegative, Positive

Rate = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=0.5)]
SIMULATED = "simulated viewers"


class SimulatedFavesSettings(SourceSettings):
    """Tiles of real photos, degraded to quality levels, with the faves of simulated viewers: what
    a rater is proved on without a Flickr key. No page or table from it claims more."""

    kind: Literal["simulated_faves"]
    """Tells this kind of source from the others."""
    path: str
    """A directory of photos, searched recursively, or the inventory of the demo's photos."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to the directory (`**` crosses folders); a photo must match one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns relative to the directory; a photo that matches one is left out."""
    tile_px: Annotated[int, Field(ge=32, le=4096)] = 320
    """Side of the square tiles that photos are cut into, side by side; each becomes a photo of the
    dataset. Photos that are smaller are left out."""
    tiles: Count = 16
    """At most so many tiles a photo, drawn at random."""
    versions: Count = 1
    """Each tile appears at so many quality levels, drawn at random, no two the same."""
    degradations: Annotated[tuple[Degradation, ...], Field(min_length=1)] = DEGRADATIONS
    """What can make a photo worse; of these each photo gets at least two (or all there are), drawn
    at random, with one strength: 1 on the lowest level, 0, a photo as it was, on the highest."""
    fave_rates: Annotated[tuple[Rate, ...], Field(min_length=2)] = (
        0.010,
        0.015,
        0.022,
        0.033,
        0.050,
    )
    """The share of viewers who fave a photo of each quality level, worst first: as many levels as
    numbers. Each viewer decides for himself, so faves are binomial."""
    owner_spread: NonNegative = 0.25
    """Standard deviation of what an owner adds to the log odds of a fave on all his photos."""
    views_median: Positive = 2000.0
    """Median of the views of a photo, which are log-normal."""
    views_spread: NonNegative = 0.7
    """Standard deviation of the natural logarithm of the views."""
    owner_photos: Count = 4
    """Photos of the dataset that an owner has, all of one original photo."""
    validation: Share = 0.15
    """Share of the original photos whose tiles are for validation, at least one photo."""
    test: Share = 0.15
    """Share of the original photos whose tiles are for testing, at least one photo. No photo and
    no owner is in two of the three parts."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the split, the tiles, the degradations and the viewers."""

    @field_validator("fave_rates")
    @classmethod
    def _rises(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        if any(worse >= better for worse, better in pairwise(rates)):
            raise ValueError("must rise from the worst level to the best")
        return rates

    @property
    def viewers(self) -> Viewers:
        """The model of the viewers."""
        return Viewers(self.fave_rates, self.owner_spread, self.views_median, self.views_spread)


@dataclass(frozen=True)
class _Photo:
    """A photo of the dataset before anyone has seen it."""

    entry: PhotoEntry
    part: Part
    owner: str
    original: str
    level: int
    kinds: str


def acquire(name: str, settings: SimulatedFavesSettings, out: Path) -> PhotoIndex:
    """Write the tiles, `faves.csv` as a crawl of Flickr does, and `viewers.json`, the model.

    Raises ValueError if there are fewer than three photos to cut, which three parts need.
    """
    originals, skipped = _originals(name, settings)
    parts = _split(sorted(originals), settings)
    photos = [
        photo
        for original, path in sorted(originals.items())
        for photo in _tiles(original, path, parts[original], settings, out)
    ]
    _write_faves(out, photos, settings)
    return PhotoIndex(
        source=name,
        root="",
        origin=f"tiles of photos of {settings.path}, degraded, {SIMULATED}",
        simulated=True,
        photos=[photo.entry for photo in photos],
        skipped=skipped,
    )


def _originals(
    name: str, settings: SimulatedFavesSettings
) -> tuple[dict[str, Path], Sequence[Skipped]]:
    """The photos to cut, by a name of their own, and those that cannot be."""
    path = Path(settings.path)
    if path.is_file():
        found = {photo.file: demo.photo_path(photo) for photo in demo.read_inventory(path)}
        skipped: Sequence[Skipped] = ()
    else:
        if not path.is_dir():
            raise ValueError(f"source {name}: expected a folder of photos at {path}, got none")
        folder = FolderSettings(
            kind="folder", path=settings.path, include=settings.include, exclude=settings.exclude
        )
        index = index_photos(
            name,
            path,
            find_photos(path, folder),
            origin=settings.path,
            min_side_px=settings.tile_px,
        )
        found = {entry.file: index.path(entry) for entry in index.photos}
        skipped = index.skipped
    if len(found) < 3:
        raise ValueError(
            f"source {name}: expected at least 3 photos of {settings.tile_px} px a side in "
            f"{settings.path}, for training, validation and test, got {len(found)}"
        )
    return found, skipped


def _split(originals: Sequence[str], settings: SimulatedFavesSettings) -> dict[str, Part]:
    """The part of each original; the order is that of their names' hashes with the seed."""
    order = sorted(originals, key=lambda file: _hash(settings.seed, file))
    test = max(1, round(settings.test * len(order)))
    validation = max(1, round(settings.validation * len(order)))
    parts: dict[str, Part] = dict.fromkeys(order, "train")
    parts |= dict.fromkeys(order[:test], "test")
    return parts | dict.fromkeys(order[test : test + validation], "validation")


def _tiles(
    original: str, path: Path, part: Part, settings: SimulatedFavesSettings, out: Path
) -> list[_Photo]:
    """Write the photos that one original gives."""
    generator = np.random.default_rng(_hash(settings.seed, f"tiles {original}"))
    pixels, side = read_photo(path).pixels, settings.tile_px
    cells = [
        (y, x)
        for y in range(0, pixels.shape[0] - side + 1, side)
        for x in range(0, pixels.shape[1] - side + 1, side)
    ]
    chosen = [cells[n] for n in generator.permutation(len(cells))[: settings.tiles]]
    levels, stem = len(settings.fave_rates), _flat(original)
    photos: list[_Photo] = []
    for y, x in chosen:
        for level in generator.permutation(levels)[: settings.versions]:
            kinds = _kinds(settings.degradations, generator)
            strength = 1 - int(level) / (levels - 1)
            tile = pixels[y : y + side, x : x + side]
            tile = degrade(tile, kinds, strength=strength, generator=generator)
            file = f"photos/{stem}_{len(photos)}.jpg"
            write_photo(out / file, tile, quality=jpeg_quality(kinds, strength=strength))
            entry = PhotoEntry(file, side, side, sha256(out / file))
            owner = f"{stem}-{len(photos) // settings.owner_photos}"
            photos.append(_Photo(entry, part, owner, original, int(level), " ".join(kinds)))
    return photos


def _kinds(allowed: Sequence[Degradation], generator: np.random.Generator) -> list[Degradation]:
    least = min(2, len(allowed))
    count = int(generator.integers(least, len(allowed) + 1))
    return [allowed[n] for n in sorted(generator.permutation(len(allowed))[:count])]


def _flat(original: str) -> str:
    """A photo's name without its folders; two of different folders stay apart."""
    return Path(original).with_suffix("").as_posix().replace("/", "_")


def _write_faves(out: Path, photos: Sequence[_Photo], settings: SimulatedFavesSettings) -> None:
    """Let the viewers see the photos, and write what came of it."""
    viewers = settings.viewers
    levels = np.array([photo.level for photo in photos])
    numbers = {owner: n for n, owner in enumerate(dict.fromkeys(p.owner for p in photos))}
    owners = np.array([numbers[photo.owner] for photo in photos])
    generator = np.random.default_rng(_hash(settings.seed, "viewers"))
    faves, views = viewers.draw(levels, owners, generator=generator)
    scores = [int(fave) / int(view) for fave, view in zip(faves, views, strict=True)]
    labels, median = median_split(scores, [photo.part for photo in photos])
    rows = [
        {
            "file": photo.entry.file,
            "split": photo.part,
            "label": labels[n],
            "score": scores[n],
            "faves": int(faves[n]),
            "views": int(views[n]),
            "owner": photo.owner,
            "original": photo.original,
            "level": photo.level,
            "degradations": photo.kinds,
        }
        for n, photo in enumerate(photos)
    ]
    with (out / TABLE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    above = viewers.above(median)
    test = np.array([n for n, photo in enumerate(photos) if photo.part == "test"])
    guesses = above[levels[test]] > 0.5
    model = {
        "what": SIMULATED,
        "fave_rates": list(settings.fave_rates),
        "owner_spread": settings.owner_spread,
        "views_median": settings.views_median,
        "views_spread": settings.views_spread,
        "median_score": median,
        "chance_above_median": [float(chance) for chance in above],
        "best_accuracy": viewers.best_accuracy(median, levels),
        # What knowing the level is worth on the very photos of the test part, with their luck.
        "best_on_test": float(np.mean(guesses == np.array(labels)[test])),
    }
    write_json(out / "viewers.json", model)


def _hash(seed: int, text: str) -> int:
    """A number of 64 bits that depends on both alone."""
    return int.from_bytes(hashlib.sha256(f"{seed} {text}".encode()).digest()[:8], "big")
