"""A table of faves, `faves.csv` beside a source's index: their scores, and how they are split."""

import csv
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from wespe.results.index import PhotoIndex

TABLE = "faves.csv"
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
_COLUMNS = ("file", "split", "label", "score", "owner")


@dataclass(frozen=True)
class FavePhoto:
    """A photo with its share of faves among its views; `label` is 1 above the training median."""

    path: Path
    part: Part
    label: int
    score: float
    owner: str


def median_split(scores: Sequence[float], parts: Sequence[Part]) -> tuple[list[int], float]:
    """The label of each score, 1 above the median of the training part, and that median.

    Raises ValueError without a training part. Source: WESPE, section 4.4.
    """
    training = [score for score, part in zip(scores, parts, strict=True) if part == "train"]
    if not training:
        raise ValueError("expected scores of photos for training, got none")
    median = statistics.median(training)
    return [int(score > median) for score in scores], median


def read_faves(folder: Path, index: PhotoIndex) -> list[FavePhoto]:
    """The photos of the table in a source's `folder`; its `index` has their files.

    Raises ValueError that names the table if it or a column is missing, a value is wrong, a photo
    is not in the index, a part is empty, an owner is in two parts, or a label is not that of the
    median split.
    """
    path = folder / TABLE
    if not path.is_file():
        raise ValueError(
            f"source {index.source}: expected a table of faves, {path}, got none; sources of kind "
            "flickr and simulated_faves have one"
        )
    files = {entry.file: index.path(entry) for entry in index.photos}
    files |= {str(found): found for found in list(files.values())}
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: expected columns {', '.join(_COLUMNS)}, got no {missing[0]}")
        photos = [
            _photo(row, files, f"{path}, line {number}") for number, row in enumerate(reader, 2)
        ]
    _check(photos, path)
    return photos


def _photo(row: dict[str, str], files: dict[str, Path], place: str) -> FavePhoto:
    if row["file"] not in files:
        raise ValueError(f"{place}: expected a photo of the index, got {row['file']!r}")
    if row["split"] not in PARTS:
        raise ValueError(f"{place}: split must be {' or '.join(PARTS)}, got {row['split']!r}")
    if row["label"] not in {"0", "1"}:
        raise ValueError(f"{place}: label must be 0 or 1, got {row['label']!r}")
    try:
        score = float(row["score"])
    except ValueError as error:
        raise ValueError(f"{place}: score must be a number, got {row['score']!r}") from error
    part = next(part for part in PARTS if part == row["split"])
    return FavePhoto(files[row["file"]], part, int(row["label"]), score, row["owner"])


def _check(photos: Sequence[FavePhoto], path: Path) -> None:
    """Raise ValueError for a split that a rater must not learn from."""
    for part in PARTS:
        if not any(photo.part == part for photo in photos):
            raise ValueError(f"{path}: expected photos for {part}, got none")
    parts: dict[str, Part] = {}
    for photo in photos:
        if parts.setdefault(photo.owner, photo.part) != photo.part:
            raise ValueError(
                f"{path}: owner {photo.owner} has photos for {parts[photo.owner]} and for "
                f"{photo.part}: popularity would leak through the owner"
            )
    labels, median = median_split(*zip(*((p.score, p.part) for p in photos), strict=True))
    for photo, label in zip(photos, labels, strict=True):
        if photo.label != label:
            raise ValueError(
                f"{path}: {photo.path.name} has the label {photo.label} and the score "
                f"{photo.score}, expected {label}: the training median is {median}"
            )


def of_part(photos: Iterable[FavePhoto], part: Part) -> list[FavePhoto]:
    """The photos of one part, in their order."""
    return [photo for photo in photos if photo.part == part]
