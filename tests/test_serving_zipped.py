"""Several files as one zip, written while it is sent."""

import contextlib
import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wespe.apps.serving.zipped import zipped

LARGE = bytes(range(256)) * 4000


@contextlib.contextmanager
def opening(path: Path, opened: list[Path]) -> Iterator[Path]:
    opened.append(path)
    yield path
    opened.remove(path)


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    (tmp_path / "large").write_bytes(LARGE)
    (tmp_path / "empty").touch()
    opened: list[Path] = []
    members = (
        (name, opening(tmp_path / file, opened))
        for name, file in (
            *(("a.jpg", "large"), ("A.jpg", "empty"), ("gone.jpg", "gone")),
            *(("a.jpg", "empty"), ("\N{LATIN SMALL LETTER U WITH DIAERESIS}.jpg", "large")),
        )
    )
    parts = []
    for part in zipped(members):
        parts.append(part)
        assert len(opened) <= 1
        assert len(part) < len(LARGE) / 2
    return b"".join(parts)


def test_names_are_unique_and_contents_as_they_were(archive: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == {
            **{"a.jpg": LARGE, "A (2).jpg": b"", "a (3).jpg": b""},
            "\N{LATIN SMALL LETTER U WITH DIAERESIS}.jpg": LARGE,
        }
        assert {info.compress_type for info in read.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip on the PATH")
def test_another_program_reads_it(archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive)
    subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], check=True)
