"""What all records have in common: written by one stage, and read and checked by the next.

A record is a frozen dataclass. Each of its fields has a docstring, from which docs/records.md is
made. Writing a record needs no package; reading one needs pydantic.
"""

from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from wespe.core.files import write_json


@dataclass(frozen=True)
class Record:
    """The base of what a file holds, or of a part of it. Unknown keys are refused."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    what: ClassVar[str] = ""
    """What a file with this record is, such as `a model card`; empty for a part of another."""
    where: ClassVar[str] = ""
    """Where the file lies; `data` and `results` stand for `run.data` and `run.results`."""


RecordType = TypeVar("RecordType", bound=Record)


def write_record(path: Path, record: Record) -> None:
    """Write a record as indented JSON, atomically; the same record gives the same bytes."""
    write_json(path, as_json(record))


def as_json(record: Record) -> dict[str, Any]:
    """The record as the tree that its file holds."""
    assert is_dataclass(record)
    return asdict(record)


def read_record(path: Path, kind: type[RecordType]) -> RecordType:
    """The record in a file.

    Raises ValueError that names the file, and the first key in it that is wrong; also if there is
    no such file.
    """
    from pydantic import TypeAdapter, ValidationError

    if not path.is_file():
        raise ValueError(f"{path}: expected {kind.what}, found none")
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        wrong = f"{key}: {problem['msg']}" if key else problem["msg"]
        raise ValueError(f"{path}: expected {kind.what}, but {wrong}") from error
