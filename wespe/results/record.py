"""What all records have in common: written by one stage, and read and checked by the next.

A record is a frozen dataclass. Each of its fields has a docstring of its own, from which
docs/records.md is made. To write one takes no package; to read one takes pydantic.
"""

from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from wespe.core.files import write_json


@dataclass(frozen=True)
class Record:
    """The base of what a file holds, or a part of it. A key that it does not know is refused."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    what: ClassVar[str] = ""
    """What a file with it is, such as `a model card`; empty for what is only a part of one."""
    where: ClassVar[str] = ""
    """Where it lies, `data` and `results` for the settings `run.data` and `run.results`."""


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

    Raises ValueError, naming the file and the first key that is wrong in it; also where there is no
    such file.
    """
    from pydantic import TypeAdapter, ValidationError

    if not path.is_file():
        raise ValueError(f"{path}: expected {kind.what}, there is none")
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        wrong = f"{key}: {problem['msg']}" if key else problem["msg"]
        raise ValueError(f"{path}: expected {kind.what}, but {wrong}") from error
