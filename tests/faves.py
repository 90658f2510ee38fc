"""A small dataset of faves on disk: photos with noise have fewer."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wespe.core.files import sha256
from wespe.photos.images import write_photo
from wespe.results.index import PhotoEntry, PhotoIndex, write_index

PARTS = ("train",) * 8 + ("validation",) * 4 + ("test",) * 4


def write_faves(
    folder: Path, *, size_px: int = 40, parts: Sequence[str] = PARTS, seed: int = 0
) -> PhotoIndex:
    """Write photos, `faves.csv` and `index.json`; photos of an odd number are noisy."""
    generator = np.random.default_rng(seed)
    entries, rows = [], []
    for number, part in enumerate(parts):
        noise = generator.integers(-90, 90, (size_px, size_px, 3)) * (number % 2)
        file = f"photos/{number}.png"
        write_photo(folder / file, (120 + noise).astype(np.uint8))
        entries.append(PhotoEntry(file, size_px, size_px, sha256(folder / file)))
        bad = number % 2
        rows.append(
            {
                "file": file,
                "split": part,
                "label": 1 - bad,
                "score": 0.01 if bad else 0.03,
                "owner": f"{part}-{number // 2}",
            }
        )
    write_rows(folder, rows)
    index = PhotoIndex("faves", "", "photos of a test", True, entries)
    write_index(folder / "index.json", index)
    return PhotoIndex("faves", str(folder), "photos of a test", True, entries)


def write_rows(folder: Path, rows: Sequence[dict[str, object]]) -> None:
    with (folder / "faves.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_rows(folder: Path) -> list[dict[str, object]]:
    with (folder / "faves.csv").open(newline="") as stream:
        return [dict(row) for row in csv.DictReader(stream)]
