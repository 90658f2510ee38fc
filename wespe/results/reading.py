"""What the report shows, read from the result folders; a wrong file is refused by name."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from wespe.core.files import read_json
from wespe.results import record
from wespe.results.evaluations import ImageRow
from wespe.results.records import ModelCard, RatingSummary, Record, Summary
from wespe.results.tables import Table


@dataclass(frozen=True)
class PairResult:
    """The folder of a trained pair."""

    name: str
    card: ModelCard
    losses: Sequence[Mapping[str, float]]
    """The records of `losses.jsonl`; a value that was not finite is NaN."""
    sheets: Sequence[Path]
    """Sample sheets, by step."""


@dataclass(frozen=True)
class EvaluationResult:
    """The folder of an evaluation."""

    name: str
    summary: Summary
    images: Sequence[ImageRow]
    pictures: Mapping[str, Mapping[str, Path]]
    """Shown photo → method → file."""
    crops: Mapping[str, Mapping[str, Path]]
    """The same of its part that is shown pixel by pixel."""


@dataclass(frozen=True)
class RatingResult:
    """The folder of a rating."""

    name: str
    summary: RatingSummary
    scores: Mapping[str, Mapping[str, float]]
    """Photo → method → score."""


def read_pair(name: str, folder: Path) -> PairResult:
    """Read `generator.json`, `losses.jsonl` and `samples/`; ValueError names a wrong file."""
    return PairResult(
        name,
        read_record(folder / "generator.json", ModelCard, "a model card"),
        _read_losses(folder / "losses.jsonl"),
        sorted(_expect(folder / "samples", "a folder of sample sheets").glob("*.jpg")),
    )


def read_evaluation(name: str, folder: Path) -> EvaluationResult:
    """Read an evaluation's files; ValueError names a wrong one."""
    return EvaluationResult(
        name,
        read_record(folder / "summary.json", Summary, "an evaluation's summary"),
        _read_images(folder / "images.csv"),
        _read_pictures(folder / "pictures", "a folder of pictures"),
        _read_pictures(folder / "crops", "a folder of crops"),
    )


def read_rating(name: str, folder: Path) -> RatingResult:
    """Read `summary.json` and `scores.csv`; ValueError names a wrong file."""
    summary = read_record(folder / "summary.json", RatingSummary, "a rating's summary")
    scores: dict[str, dict[str, float]] = {}
    for number, row in _rows(folder / "scores.csv", ("image", "method", "score"), "scores"):
        try:
            scores.setdefault(row["image"], {})[row["method"]] = float(row["score"])
        except (ValueError, TypeError) as error:
            expected = "expected a number for score"
            raise ValueError(
                f"{folder / 'scores.csv'}, line {number}: {expected}, got {row}"
            ) from error
    return RatingResult(name, summary, scores)


def read_table(path: Path) -> Table:
    """Read a table as `wespe tables` writes it; ValueError names a wrong file."""
    return record.read_record(path, Table)


def _read_pictures(folder: Path, what: str) -> dict[str, dict[str, Path]]:
    pictures: dict[str, dict[str, Path]] = {}
    for path in sorted(_expect(folder, what).glob("*.jpg")):
        photo, dot, method = path.stem.rpartition(".")
        if not dot:
            raise ValueError(f"{path}: expected a name like photo.method.jpg")
        pictures.setdefault(photo, {})[method] = path
    return pictures


RecordType = TypeVar("RecordType", bound=Record)


def read_record(path: Path, kind: type[RecordType], what: str) -> RecordType:
    """A record of a file; ValueError names the file and the first key that is wrong in it."""
    try:
        return kind.model_validate(read_json(_expect(path, what)))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ValueError(f"{path}: expected {what}, but {key}: {problem['msg']}") from error


def _read_losses(path: Path) -> list[dict[str, float]]:
    lines = _expect(path, "a record of the losses a line").read_text("utf-8").splitlines()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record: dict[str, Any] = json.loads(line)
            values = {key: math.nan if value is None else value for key, value in record.items()}
            records.append({key: float(value) for key, value in values.items()})
            values["step"]
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            expected = 'expected losses like {"step": 20, "content": 0.5}'
            raise ValueError(f"{path}, line {number}: {expected}, got {line[:80]!r}") from error
    return records


def _read_images(path: Path) -> list[ImageRow]:
    keys = ("image", "method", "identical")
    images = []
    for number, row in _rows(path, keys, "images"):
        try:
            values = {key: float(row[key]) if row[key] else None for key in row if key not in keys}
            identical = {"0": False, "1": True}[row["identical"]]
        except (ValueError, TypeError, KeyError) as error:
            expected = "expected numbers, and 0 or 1 for identical"
            raise ValueError(f"{path}, line {number}: {expected}, got {row}") from error
        images.append(ImageRow(row["image"], row["method"], identical, values))
    return images


def _rows(path: Path, keys: Sequence[str], of: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; ValueError where a column is missing."""
    with _expect(path, f"a table of {of}").open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        columns = table.fieldnames or ()
        if missing := [key for key in keys if key not in columns]:
            got = ", ".join(columns) or "an empty file"
            raise ValueError(f"{path}: expected the column {missing[0]}, got {got}")
        for row in table:
            yield table.line_num, row


def _expect(path: Path, what: str) -> Path:
    if not path.exists():
        raise ValueError(f"{path}: expected {what}, there is none")
    return path
