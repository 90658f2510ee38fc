"""Records: written and read again, and refused by file and key."""

import dataclasses
import importlib
import json
import pkgutil
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

import wespe.results
from wespe.results.record import Record, read_record, write_record


@dataclass(frozen=True, kw_only=True)
class Part(Record):
    n: int


@dataclass(frozen=True, kw_only=True)
class Whole(Record):
    what: ClassVar[str] = "a whole"

    name: str
    share: float
    parts: tuple[Part, ...]
    more: typing.Mapping[str, tuple[int, int]]
    note: str | None = None


WHOLE = Whole(name="Ä", share=0.1, parts=(Part(n=1), Part(n=2)), more={"a": (3, 4)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_record(tmp_path / "whole.json", WHOLE)
    assert read_record(tmp_path / "whole.json", Whole) == WHOLE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": 1}, "but name: Input should be a valid string"),
        ({"share": "0.1"}, "but share: Input should be a valid number"),
        ({"parts": [{"n": 1}, {"n": 1.5}]}, r"but parts\.1\.n: "),
        ({"parts": [{"n": 1, "m": 2}]}, r"but parts\.0\.m: "),
        ({"more": {"a": [1]}}, r"but more\.a\.1: "),
        ({"unknown": 1}, "but unknown: "),
    ],
)
def test_a_wrong_key_is_named_with_the_file(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(dataclasses.asdict(WHOLE) | change), "utf-8")
    with pytest.raises(ValueError, match=rf"whole\.json: expected a whole, {reason}"):
        read_record(path, Whole)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "whole.json"
    path.write_text('{"share": 1.0, "parts": [], "more": {}}', "utf-8")
    with pytest.raises(ValueError, match=r"whole\.json: expected a whole, but name: "):
        read_record(path, Whole)


@pytest.mark.parametrize("content", [b'{"name"', b"\xff", b""])
def test_a_file_that_is_no_json_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"whole\.json: expected a whole, but Invalid JSON"):
        read_record(path, Whole)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"whole\.json: expected a whole, found none"):
        read_record(tmp_path / "whole.json", Whole)


def records() -> list[type[Record]]:
    """All records of the package."""
    found = []
    for module in pkgutil.iter_modules(wespe.results.__path__):
        content = vars(importlib.import_module(f"wespe.results.{module.name}")).values()
        found += [
            kind
            for kind in content
            if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
        ]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
def test_records_are_frozen_dataclasses(kind: type[Record]) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__init__" in vars(kind), "a subclass without @dataclass has its base's fields alone"
