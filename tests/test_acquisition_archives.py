"""Unpacking what anyone may have made: whole, truncated, hostile."""

import gzip
import io
import os
import random
import shutil
import stat
import struct
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Literal

import pytest

from wespe.data.archives import ArchiveError, Limits, is_begun, is_unpacked, unpack

CONTENT = {
    f"set/{place}/{number}.jpg": random.Random(number).randbytes(3000 + number)
    for place in ("phone", "canon")
    for number in range(6)
}
Make = Callable[..., Path]


def tar(
    path: Path, mode: Literal["w", "w:gz"] = "w:gz", content: dict[str, bytes] = CONTENT
) -> Path:
    with tarfile.open(path, mode) as file:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, content: dict[str, bytes] = CONTENT) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            file.writestr(name, data)
    return path


def found(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


MAKERS: dict[str, Make] = {
    "tar.gz": tar,
    "tar": lambda path, **known: tar(path, "w", **known),
    "zip": zipped,
}
of_each_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "set"


@of_each_kind
def test_all_of_it_comes_out_whatever_the_name(tmp_path: Path, folder: Path, make: Make) -> None:
    archive = make(tmp_path / "a.gz")
    assert not is_unpacked(archive, folder)
    assert not is_begun(folder)
    unpack(archive, folder)
    assert found(folder) == CONTENT
    assert is_unpacked(archive, folder)
    assert not is_unpacked(archive, folder, only=("*.png",))
    archive.unlink()
    assert is_unpacked(archive, folder)
    assert is_begun(folder)
    (folder / "set" / "phone" / "0.jpg").unlink()
    assert not is_unpacked(archive, folder)


@of_each_kind
def test_what_is_whole_is_not_written_again(tmp_path: Path, folder: Path, make: Make) -> None:
    archive = make(tmp_path / "a")
    unpack(archive, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files[0].unlink()
    files[1].write_bytes(b"cut")
    for file in files[1:]:
        os.utime(file, ns=(1, 1))
    unpack(archive, folder)
    assert found(folder) == CONTENT
    assert [file.stat().st_mtime_ns != 1 for file in files] == [True, True, *[False] * 10]


def test_what_came_out_of_another_archive_is_not_kept(tmp_path: Path, folder: Path) -> None:
    other = {name: data[::-1] for name, data in CONTENT.items()}
    unpack(tar(tmp_path / "a", content=other), folder)
    archive = tar(tmp_path / "a")
    assert not is_unpacked(archive, folder)
    unpack(archive, folder)
    assert found(folder) == CONTENT


@of_each_kind
def test_members_that_are_not_wanted_stay_inside(tmp_path: Path, folder: Path, make: Make) -> None:
    archive, only = make(tmp_path / "a"), ("phone/*.jpg", "none")
    unpack(archive, folder, only=only)
    wanted = {name: data for name, data in CONTENT.items() if "/phone/" in name}
    assert found(folder) == wanted
    assert is_unpacked(archive, folder, only=only)


@of_each_kind
def test_a_truncated_archive_is_named_wherever_it_ends(
    tmp_path: Path, folder: Path, make: Make
) -> None:
    archive = make(tmp_path / "a")
    whole = archive.read_bytes()
    numbers = random.Random(0)
    # Between the blocks of a tar too, where a member ends; what pads its end is no loss.
    last = len(whole.rstrip(b"\0"))
    ends = [*(numbers.randrange(5, last) for _ in range(8)), 512 * 8, 512 * 9]
    for end in ends:
        archive.write_bytes(whole[:end])
        with pytest.raises(ArchiveError, match=rf"{archive}: "):
            unpack(archive, folder)
        assert not is_unpacked(archive, folder)
    archive.write_bytes(whole)
    unpack(archive, folder)
    assert found(folder) == CONTENT


@of_each_kind
def test_an_interrupted_unpacking_goes_on(
    tmp_path: Path, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, copied = make(tmp_path / "a"), []
    copy = shutil.copyfileobj

    def some(source: IO[bytes], target: IO[bytes], size: int) -> None:
        copied.append(target.name)
        if len(copied) == 5:
            target.write(b"half")
            raise OSError(28, "No space left on device")
        copy(source, target, size)

    monkeypatch.setattr(shutil, "copyfileobj", some)
    with pytest.raises(OSError, match="No space left") as error:
        unpack(archive, folder)
    assert Path(error.value.filename).name == "4.jpg"
    assert sum(file.endswith(".jpg") for file in found(folder)) == 4
    unpack(archive, folder)
    assert found(folder) == CONTENT
    assert len(copied) == 5 + 8


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 of a kind", b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_refused(tmp_path: Path, folder: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.zip: expected a (tar or zip|whole) archive"):
        unpack(tmp_path / "a.zip", folder)


def test_gzip_of_something_else_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a text, no archive" * 100))
    with pytest.raises(ArchiveError, match=r"a\.gz: expected a tar or zip archive"):
        unpack(tmp_path / "a.gz", folder)


def test_a_damaged_member_is_found_out(tmp_path: Path, folder: Path) -> None:
    archive = zipped(tmp_path / "a.zip")
    content = bytearray(archive.read_bytes())
    content[2000] ^= 1
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.zip: .*Bad CRC-32"):
        unpack(archive, folder)
    archive = tar(tmp_path / "a.gz")
    content = bytearray(archive.read_bytes())
    content[-6] ^= 1
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.gz: .*CRC"):
        unpack(archive, folder)


OUTSIDE = ["../evil", "a/../../evil", "/tmp/evil", "..", "a\\..\\evil"]


@pytest.mark.parametrize("name", OUTSIDE)
@of_each_kind
def test_paths_that_lead_outside_are_refused(
    tmp_path: Path, folder: Path, make: Make, name: str
) -> None:
    archive = make(tmp_path / "a", content={"ok.jpg": b"1", name: b"2"})
    with pytest.raises(ArchiveError, match=r"expected a path below the archive's folder"):
        unpack(archive, folder)
    assert set(found(tmp_path)) <= {"a", "raw/set/ok.jpg", "raw/set.unpacked.jsonl"}


@of_each_kind
@pytest.mark.parametrize("again", ["b/a.jpg", "./b/a.jpg", "b//a.jpg"])
def test_a_repeated_name_is_refused(tmp_path: Path, folder: Path, make: Make, again: str) -> None:
    if make is zipped and again == "b/a.jpg":
        again = "b/./a.jpg"  # zipfile warns of the plain case where it writes
    archive = tmp_path / "a"
    if make is zipped:
        zipped(archive, content={"b/a.jpg": b"1", again: b"22"})
    else:
        with tarfile.open(archive, "w") as file:
            for name in ("b/a.jpg", again):
                file.addfile(tarfile.TarInfo(name))
    with pytest.raises(ArchiveError, match=r"b/a\.jpg: expected each name once, got it twice"):
        unpack(archive, folder)


@of_each_kind
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_name_is_not_a_file_and_a_folder(
    tmp_path: Path, folder: Path, make: Make, names: tuple[str, str]
) -> None:
    archive = make(tmp_path / "x", content=dict.fromkeys(names, b"1"))
    with pytest.raises(ArchiveError, match=r"expected each name once, got a.* as a file and as"):
        unpack(archive, folder)


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
    ],
)
def test_links_and_devices_of_a_tar_are_refused(
    tmp_path: Path, folder: Path, kind: bytes, got: str
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        info = tarfile.TarInfo("set/odd")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)
    expected = rf"a\.tar: set/odd: expected files and folders, got {got}"
    with pytest.raises(ArchiveError, match=expected):
        unpack(tmp_path / "a.tar", folder)
    assert found(folder) == {}


def test_links_and_secrets_of_a_zip_are_refused(tmp_path: Path, folder: Path) -> None:
    info = zipfile.ZipInfo("odd")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match=r"odd: expected files and folders, got a link"):
        unpack(tmp_path / "a.zip", folder)
    archive = zipped(tmp_path / "b.zip", content={"odd": b"1"})
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1  # the flags of the entry
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match="odd: expected no encryption, got some"):
        unpack(archive, folder)


@of_each_kind
def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, folder: Path, make: Make) -> None:
    content = {"ok": random.Random(0).randbytes(1000), **{f"{n}": bytes(10**5) for n in range(50)}}
    archive = make(tmp_path / "a", content=content)
    limits = Limits(total_bytes=5 * 10**5) if make is MAKERS["tar"] else Limits()
    with pytest.raises(
        ArchiveError, match=r": \d+: expected at most \d+ bytes .* got at least \d+ in"
    ):
        unpack(archive, folder, limits=limits)
    most = min(limits.total_bytes, 100 * archive.stat().st_size)
    assert sum(map(len, found(folder).values())) <= most < 50 * 10**5


def test_a_flood_of_files_is_refused(tmp_path: Path, folder: Path) -> None:
    archive = tar(tmp_path / "a", content={str(number): b"" for number in range(20)})
    with pytest.raises(ArchiveError, match=r"in 9 files .* got at least \d+ in 10"):
        unpack(archive, folder, limits=Limits(files=9))


def test_a_header_that_is_a_bomb_stays_out_of_memory(tmp_path: Path, folder: Path) -> None:
    info = tarfile.TarInfo("long name")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 40 * 2**20
    with gzip.open(tmp_path / "a.gz", "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(40):
            file.write(b"a" * 2**20)
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=f"got: a header of {40 * 2**20} bytes"):
        unpack(tmp_path / "a.gz", folder)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive(tmp_path: Path, folder: Path) -> None:
    # In a process of its own, since what other threads of this one allocate would count, too.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def peak(number: int, size: int, only: tuple[str, ...]) -> int:
            data = random.Random(number).randbytes(size)
            archive = tar(tmp_path / "a", "w", {f"{n}": data for n in range(number)})
            return pool.submit(traced_peak, archive, folder, only).result()

        assert peak(1, 9_000_000, ()) < peak(1, 1000, ()) + 2 * 2**20
        # Once before: paths intern their names, and Python's table of those may grow by a megabyte.
        peak(3000, 0, ("none",))
        # A number a file, and not what tarfile knows of it, which is a thousand bytes.
        assert peak(3000, 0, ("none",)) < peak(10, 0, ("none",)) + 3000 * 150


def traced_peak(archive: Path, folder: Path, only: tuple[str, ...]) -> int:
    """The most memory that unpacking takes at a time, in bytes, as Python counts."""
    # Paths intern their names, in a table of the interpreter that doubles when it is full.
    names = [sys.intern(str(number)) for number in range(3000)]
    tracemalloc.start()
    unpack(archive, folder, only=only)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert names  # kept until here
    return most


def test_a_size_that_is_a_lie(tmp_path: Path, folder: Path) -> None:
    archive = zipped(tmp_path / "a.zip", content={"odd": b"1234567"})
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 5)  # its size without compression
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.zip: "):
        unpack(archive, folder)
    assert not (folder / "odd").exists()


def test_no_room_is_told_before_the_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.jpg", b"0" * 300_000)
        file.writestr("b.jpg", b"1" * 200_000)
    room = 100 * 2**20 + 250_000
    usage = shutil.disk_usage("/")._replace(free=room)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    expected = r"expected 0\.5 MB of free space in .*raw, found 0\.2 MB.*photos\.zip"
    with pytest.raises(OSError, match=expected):
        unpack(archive, tmp_path / "raw")
    assert not any((tmp_path / "raw").iterdir())
    # What is there already needs no room.
    (tmp_path / "raw" / "a.jpg").write_bytes(b"0" * 300_000)
    unpack(archive, tmp_path / "raw")
    assert (tmp_path / "raw" / "b.jpg").stat().st_size == 200_000
