"""A journal: what was appended comes out again, wherever a kill has torn the file."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wespe.core.journal import Journal, read

IDENTITY = {"query": "street", "since": [2016, 1]}
RECORDS: list[Any] = [
    {"file": "line\u2028separator \x85 雨\n.png", "score": 0.1},
    [1, None],
    "text",
    {"": -0.0},
    7,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "journal.jsonl"


def test_everything_comes_back(path: Path) -> None:
    journal = Journal(path, IDENTITY)
    assert journal.records == []
    journal.append(RECORDS[0])
    journal.append(*RECORDS[1:], sync=False)
    journal.append()
    assert journal.records == Journal(path, IDENTITY).records == RECORDS
    assert read(path) == (IDENTITY, RECORDS)


def test_what_is_missing_has_nothing_and_is_not_made_by_reading(path: Path) -> None:
    assert read(path) == (None, [])
    assert not path.parent.exists()


@pytest.mark.parametrize("drop", [False, True])
def test_wherever_the_file_ends_whole_lines_count_and_it_grows_from_there(
    path: Path, drop: bool
) -> None:
    Journal(path, IDENTITY).append(*RECORDS)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        count = max(0, whole[:end].count(b"\n") - 1)
        journal = Journal(path, IDENTITY, drop=drop)
        assert journal.records == RECORDS[:count]
        journal.append("next")
        assert Journal(path, IDENTITY).records == [*RECORDS[:count], "next"]


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b"", b"\0\0"])
@pytest.mark.parametrize("number", [1, 3])
def test_damage_before_the_end_is_named_with_its_line_or_ends_the_journal(
    path: Path, damage: bytes, number: int
) -> None:
    Journal(path, IDENTITY).append(*RECORDS)
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = damage
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=rf"journal\.jsonl, line {number}: expected a record, got"):
        Journal(path, IDENTITY)
    assert path.read_bytes() == b"\n".join(lines)
    Journal(path, IDENTITY, drop=True).append("next")
    assert Journal(path, IDENTITY).records == [*RECORDS[: max(0, number - 2)], "next"]


def test_a_journal_of_another_identity_is_refused_or_dropped(path: Path) -> None:
    Journal(path, IDENTITY).append(*RECORDS)
    with pytest.raises(ValueError, match=r'belongs to .*"street".*, expected "雨"; give the other'):
        Journal(path, "雨")
    assert Journal(path, IDENTITY).records == RECORDS
    assert Journal(path, "雨", drop=True).records == []
    assert read(path) == ("雨", [])


def test_a_full_disk_names_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal(path, IDENTITY)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*journal\.jsonl'"):
        journal.append(1)
    assert journal.records == []


def test_what_was_appended_outlives_a_kill(path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from wespe.core.journal import Journal
journal = Journal(Path(sys.argv[1]), "kill")
for number in range(3):
    journal.append(number, sync=number == 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    for count in (3, 6):
        done = subprocess.run([sys.executable, "-c", program, str(path)])
        assert done.returncode == -signal.SIGKILL
        assert Journal(path, "kill").records == [0, 1, 2] * (count // 3)


def test_each_line_is_json_in_ascii(path: Path) -> None:
    Journal(path, IDENTITY).append(*RECORDS)
    lines = path.read_bytes().decode("ascii").splitlines()
    assert [json.loads(line) for line in lines] == [IDENTITY, *RECORDS]
