"""The Flickr Faves Score dataset of WESPE, section 4.4: scores, labels, parts, and its tables."""

import csv
import hashlib
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from wespe.data.flickr import licences
from wespe.data.flickr.photo import FlickrPhoto

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
# A test of 400 photos of one photographer would test one photographer.
_LARGEST_SHARE = 10


@dataclass(frozen=True)
class Row:
    """A photo of the dataset; `label` is 1 for a score above the median of the training part."""

    photo: FlickrPhoto
    part: Part
    label: int


def build(
    photos: Sequence[FlickrPhoto], sizes: Mapping[Part, int], *, removed: Set[str], seed: int
) -> tuple[list[Row], float]:
    """The rows of the dataset, sorted by part and id, and the score that parts the labels.

    Photos in `removed` count in the split, so that the others stay in their parts, and are then
    left out. Raises ValueError if a part that should have photos gets none.
    """
    parts = split_by_owner(photos, sizes, seed=seed)
    kept = [photo for photo in photos if photo.id not in removed]
    counts = Counter(parts[photo.owner] for photo in kept)
    for part in PARTS:
        if sizes[part] and not counts[part]:
            raise ValueError(
                f"expected {sizes[part]} photos for {part}, got none: the {len(kept)} photos are "
                f"of {len(parts)} photographers, whose photos stay together"
            )
    median = statistics.median(photo.score for photo in kept if parts[photo.owner] == "train")
    rows = [Row(photo, parts[photo.owner], int(photo.score > median)) for photo in kept]
    rows.sort(key=lambda row: (PARTS.index(row.part), int(row.photo.id)))
    return rows, median


def split_by_owner(
    photos: Sequence[FlickrPhoto], sizes: Mapping[Part, int], *, seed: int
) -> dict[str, Part]:
    """The part of each owner: all photos of one are in one, since popularity comes with the name.

    In an order of their own, which depends on the seed and their name alone, owners fill the test
    part, then validation, as long as their photos fit and are no more than a tenth of it; the
    others are for training.
    """
    counts = Counter(photo.owner for photo in photos)
    small: tuple[Part, ...] = ("test", "validation")
    free = {part: sizes[part] for part in small}
    parts: dict[str, Part] = {}
    for owner in sorted(
        counts, key=lambda owner: hashlib.sha256(f"{seed} {owner}".encode()).digest()
    ):
        parts[owner] = "train"
        for part in small:
            largest = max(1, sizes[part] // _LARGEST_SHARE)
            if counts[owner] <= min(free[part], largest):
                free[part] -= counts[owner]
                parts[owner] = part
                break
    return parts


def write_tables(folder: Path, rows: Sequence[Row], paths: Mapping[str, Path]) -> None:
    """Write `faves.csv`, a row a photo, and `attribution.csv`, whose photos they are.

    `paths`: where each photo's picture is, by its id.
    """
    faves = [
        {
            "id": row.photo.id,
            "file": paths[row.photo.id],
            "split": row.part,
            "label": row.label,
            "score": row.photo.score,
            "faves": row.photo.faves,
            "views": row.photo.views,
            "owner": row.photo.owner,
            "licence": row.photo.licence,
            "uploaded": _date(row.photo.uploaded),
            "taken": row.photo.taken,
            "width_px": row.photo.largest.width_px,
            "height_px": row.photo.largest.height_px,
            "page": row.photo.page,
        }
        for row in rows
    ]
    attribution = [
        {
            "id": row.photo.id,
            "title": row.photo.title,
            "photographer": row.photo.owner_name or row.photo.owner,
            "page": row.photo.page,
            "licence": row.photo.licence,
            "licence_page": licences.page(row.photo.licence),
            "changes": "cropped and resized",
        }
        for row in rows
    ]
    _write(folder / "faves.csv", faves)
    _write(folder / "attribution.csv", attribution)


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")[:19]
