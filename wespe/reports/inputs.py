"""What the report shows, read from the result folders; a wrong file is refused by name."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from wespe.files import read_json


class _Record(BaseModel):
    """A record that another step wrote; keys that the report does not show are ignored."""

    model_config = ConfigDict(frozen=True)


class Domain(_Record):
    """The patches of one domain that a network was trained on."""

    origin: str
    simulated: bool
    patches: int
    sha256: str


class Domains(_Record):
    """The source domain X and the target domain Y."""

    source: Domain
    target: Domain


class TrainedBy(_Record):
    """The recipe of a pair; all its settings are kept, only these have to be there."""

    model_config = ConfigDict(extra="allow")

    method: str
    batch_size: int


class Rollback(_Record):
    """Where a training diverged, and where it went on from, at which share of its rates."""

    step: int
    to_step: int
    reason: str
    rates: dict[str, float]


class ModelCard(_Record):
    """`generator.json`."""

    pair: str
    source: str
    target: str
    recipe: TrainedBy
    seed: int
    steps: int
    compute: str
    code_version: str
    data: Domains
    sha256: str
    train_seconds: float
    patches_per_second: float
    rollbacks: tuple[Rollback, ...] = ()
    warning: str | None = None
    final_losses: dict[str, float | None]
    # Cards of version 0.1.0 lack these two; it knew WESPE alone.
    paired: bool = False
    samples: tuple[str, ...] = ("x", "G(x)", "F(G(x))")


class Statistic(_Record):
    """A metric over the images of an evaluation; without an image there is no mean."""

    mean: float | None
    std: float | None
    n: int


class LeftOut(_Record):
    """A photo that could not be used, and why."""

    file: str
    reason: str


class Summary(_Record):
    """`summary.json`."""

    evaluation: str
    pair: str
    photos: str
    origin: str
    simulated: bool
    n_images: int
    n_identical: int
    seconds: float
    methods: dict[str, dict[str, Statistic]]
    unreadable: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class ImageRow:
    """A row of `images.csv`: one image by one method; a value that cannot be had is None."""

    image: str
    method: str
    identical: bool
    values: Mapping[str, float | None]


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


def read_pair(name: str, folder: Path) -> PairResult:
    """Read `generator.json`, `losses.jsonl` and `samples/`; ValueError names a wrong file."""
    return PairResult(
        name,
        read_record(folder / "generator.json", ModelCard, "a model card"),
        _read_losses(folder / "losses.jsonl"),
        sorted(_expect(folder / "samples", "a folder of sample sheets").glob("*.jpg")),
    )


def read_evaluation(name: str, folder: Path) -> EvaluationResult:
    """Read `summary.json`, `images.csv` and `pictures/`; ValueError names a wrong file."""
    pictures: dict[str, dict[str, Path]] = {}
    for path in sorted(_expect(folder / "pictures", "a folder of pictures").glob("*.jpg")):
        photo, dot, method = path.stem.rpartition(".")
        if not dot:
            raise ValueError(f"{path}: expected a name like photo.method.jpg")
        pictures.setdefault(photo, {})[method] = path
    return EvaluationResult(
        name,
        read_record(folder / "summary.json", Summary, "an evaluation's summary"),
        _read_images(folder / "images.csv"),
        pictures,
    )


_RecordType = TypeVar("_RecordType", bound=_Record)


def read_record(path: Path, kind: type[_RecordType], what: str) -> _RecordType:
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
    with _expect(path, "a table of images").open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        keys = ("image", "method", "identical")
        columns = table.fieldnames or ()
        if missing := [key for key in keys if key not in columns]:
            got = ", ".join(columns) or "an empty file"
            raise ValueError(f"{path}: expected the column {missing[0]}, got {got}")
        metrics = [column for column in columns if column not in keys]
        rows = []
        for row in table:
            try:
                values = {key: float(row[key]) if row[key] else None for key in metrics}
                identical = {"0": False, "1": True}[row["identical"]]
            except (ValueError, TypeError, KeyError) as error:
                expected = "expected numbers, and 0 or 1 for identical"
                raise ValueError(f"{path}, line {table.line_num}: {expected}, got {row}") from error
            rows.append(ImageRow(row["image"], row["method"], identical, values))
        return rows


def _expect(path: Path, what: str) -> Path:
    if not path.exists():
        raise ValueError(f"{path}: expected {what}, there is none")
    return path
