"""What each result was made from: a hidden file beside the results, which a later run reads.

A result is done if it was made from this photo by this network; that a file exists is not enough.
Two cards of a camera both have an IMG_0001.jpg, and another network gives another photo.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Self

from wespe.core.files import sha256

NAME = ".wespe_results.jsonl"


class State(Enum):
    """What is to be done for a photo."""

    NEW = "new"
    DONE = "done"
    TAKEN = "taken"
    """Another file is in the place of its result and would be lost."""


@dataclass(frozen=True)
class Stamp:
    """A file's content; if size and time are the same, it need not be read."""

    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, sha256(path))

    def fits(self, path: Path) -> bool:
        """Whether `path` has this content."""
        stat = path.stat()
        if stat.st_size != self.size:
            return False
        return stat.st_mtime_ns == self.mtime_ns or sha256(path) == self.sha256


@dataclass(frozen=True)
class Entry:
    """A result: what it is, the photo that it was made from, and the settings that made it."""

    result: Stamp
    photo: str
    photo_stamp: Stamp
    made_by: str

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Self:
        stamps = {key: Stamp(**values[key]) for key in ("result", "photo_stamp")}
        return cls(photo=values["photo"], made_by=values["made_by"], **stamps)


class Ledger:
    """The entries of all folders that results go to.

    `made_by` stands for the network and the settings that make a result. Entries are lines of JSON;
    the last one of a result counts. A line that was cut off, for example by a full disk, is
    ignored: its result then counts as another file.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, Entry]] = {}

    def state(self, photo: Path, result: Path, made_by: str) -> tuple[State, str]:
        """What is to be done for a photo whose result's place is `result`, and why, in words.

        A result that other settings made is to be made again. Raises OSError where the photo or the
        result cannot be read.
        """
        if not os.path.lexists(result) or result.is_dir():
            return State.NEW, ""
        entry = self._entries(result.parent).get(result.name)
        if _same_file(photo, result):
            made = entry is not None and entry.result.fits(photo)
            return (State.DONE, "it is already enhanced") if made else (State.NEW, "")
        if entry is None:
            return State.TAKEN, f"{result} exists, but is not a known result"
        if not entry.result.fits(result):
            return State.TAKEN, f"{result} has been changed since it was made"
        same_photo = entry.photo_stamp.fits(photo)
        if not same_photo and entry.photo != _full(photo):
            return State.TAKEN, f"{result} is the result of {entry.photo}"
        if same_photo and entry.made_by == made_by:
            return State.DONE, f"{result} is up to date"
        return State.NEW, ""

    def add(self, photo: Path, photo_stamp: Stamp, result: Path, made_by: str) -> None:
        """Note a result that has just been made; `photo_stamp` is that of the photo as it was."""
        entry = Entry(Stamp.of(result), _full(photo), photo_stamp, made_by)
        line = json.dumps({"name": result.name, **asdict(entry)})
        with (result.parent / NAME).open("a+b") as stream:
            stream.seek(0, os.SEEK_END)
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
            cut_off = stream.read(1) not in {b"", b"\n"}
            stream.write(b"\n" * cut_off + line.encode() + b"\n")
        self._entries(result.parent)[result.name] = entry

    def _entries(self, folder: Path) -> dict[str, Entry]:
        if folder not in self._folders:
            self._folders[folder] = dict(_read(folder / NAME))
        return self._folders[folder]


def _read(path: Path) -> list[tuple[str, Entry]]:
    if not path.is_file():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            values = json.loads(line)
            entries.append((values["name"], Entry.of_json(values)))
        except (ValueError, KeyError, TypeError):
            continue
    return entries


def _full(path: Path) -> str:
    return os.path.realpath(path)


def _same_file(photo: Path, result: Path) -> bool:
    return _full(photo) == _full(result)
