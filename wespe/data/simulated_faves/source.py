"""The source: tiles of photos, made worse by degrees, and what simulated viewers make of them."""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from wespe.core.files import sha256, write_json
from wespe.data import demo
from wespe.data.folder import FolderSettings, find_photos, index_photos
from wespe.data.simulated_faves.degradations import Degradation, degrade, jpeg_quality
from wespe.data.simulated_faves.settings import SimulatedFavesSettings
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.faves import TABLE, Part, median_split
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped

SIMULATED = "simulated viewers"
# Two could be exposure and cast, which cannot be distinguished from the scene's own.
_LEAST_KINDS = 3


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
        found = {
            Path(photo.file).name: demo.photo_path(photo) for photo in demo.read_inventory(path)
        }
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
            min_side_px=settings.tile_px * settings.reduce,
        )
        found = {entry.file: index.path(entry) for entry in index.photos}
        skipped = index.skipped
    if len(found) < 3:
        raise ValueError(
            f"source {name}: expected at least 3 photos of {settings.tile_px * settings.reduce} px "
            f"per side in {settings.path}, for training, validation and test, got {len(found)}"
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
    cells = _cells(read_photo(path).pixels, settings)
    chosen = [cells[n] for n in generator.permutation(len(cells))[: settings.tiles]]
    levels, stem = len(settings.fave_rates), _flat(original)
    photos: list[_Photo] = []
    for cell in chosen:
        for level in generator.permutation(levels)[: settings.versions]:
            kinds = _kinds(settings.degradations, generator)
            strength = 1 - int(level) / (levels - 1)
            tile = degrade(cell, kinds, strength=strength, generator=generator)
            file = f"photos/{stem}_{len(photos)}.jpg"
            write_photo(out / file, tile, quality=jpeg_quality(kinds, strength=strength))
            entry = PhotoEntry(file, settings.tile_px, settings.tile_px, sha256(out / file))
            owner = f"{stem}-{len(photos) // settings.owner_photos}"
            photos.append(_Photo(entry, part, owner, original, int(level), " ".join(kinds)))
    return photos


def _cells(photo: Pixels, settings: SimulatedFavesSettings) -> list[Pixels]:
    """The tiles of a photo, side by side, that show anything."""
    side, height, width = settings.tile_px, *(n // settings.reduce for n in photo.shape[:2])
    if settings.reduce > 1:
        small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
        photo = np.asarray(small, np.uint8)
    tiles = [
        photo[y : y + side, x : x + side]
        for y in range(0, height - side + 1, side)
        for x in range(0, width - side + 1, side)
    ]
    return [
        tile for tile in tiles if cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY).std() >= settings.min_std
    ]


def _kinds(allowed: Sequence[Degradation], generator: np.random.Generator) -> list[Degradation]:
    least = min(_LEAST_KINDS, len(allowed))
    count = int(generator.integers(least, len(allowed) + 1))
    return [allowed[n] for n in sorted(generator.permutation(len(allowed))[:count])]


def _flat(original: str) -> str:
    """A photo's name without its folders; two of different folders stay apart."""
    return Path(original).with_suffix("").as_posix().replace("/", "_")


def _write_faves(out: Path, photos: Sequence[_Photo], settings: SimulatedFavesSettings) -> None:
    """Let the viewers see the photos, and write their faves."""
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
    """A number of 64 bits that depends only on these two."""
    return int.from_bytes(hashlib.sha256(f"{seed} {text}".encode()).digest()[:8], "big")
