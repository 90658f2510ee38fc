"""Unpacking tar and zip archives that anyone may have made.

Only files and folders leave an archive, each below the folder meant for it and each once. What is
already in place and whole is not written again: a file comes into place by a rename, so its size
tells. The journal beside the folder, `NAME.unpacked.jsonl`, says which archive is being unpacked,
and has a record once all of it was.
"""

import errno
import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from wespe.core.files import lacking_room, naming
from wespe.core.journal import Journal, read
from wespe.core.progress import Progress
from wespe.data.tape import Tape, TapeError

_BLOCK = bytes(tarfile.BLOCKSIZE)
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error)


class ArchiveError(ValueError):
    """An archive that is damaged, unsafe or none; the message names it, and the member."""


@dataclass(frozen=True)
class Limits:
    """Beyond these an archive is a bomb. Photos hardly shrink: their archives stay far below."""

    ratio: float = 100
    """Bytes that come out for each byte of the archive."""
    total_bytes: int = 500 * 2**30
    files: int = 5_000_000


@dataclass(frozen=True)
class Member:
    """A file of an archive."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def unpack(
    archive: Path,
    folder: Path,
    *,
    only: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> None:
    """Unpack an archive, .tar, .tar.gz or .zip whatever its name, into `folder`.

    `only`: glob patterns; members that match none are checked and left in the archive. Raises
    ArchiveError for what is damaged, truncated or unsafe, OSError if the disk refuses or has no
    room for it. Called again, it goes on where it stopped.
    """
    what = _identity(archive, only)
    # Whatever lies there is only worth keeping if it came out of this very archive.
    known = read(_journal(folder))[0] == what
    journal = Journal(_journal(folder), what, drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(archive, folder, only)
    files = total = 0
    with (
        _naming_damage(archive),
        Progress(f"unpacking {archive.name}", total=None, unit="bytes") as bar,
    ):
        for member in _checked(archive, limits or Limits()):
            if only and not any(PurePosixPath(member.name).match(pattern) for pattern in only):
                continue
            _write(member, folder / member.name, archive, keep=known)
            files, total = files + 1, total + member.size
            bar.advance(member.size)
    journal.append({"files": files, "bytes": total})


def is_begun(folder: Path) -> bool:
    """Whether it was unpacked here, at least in part, and not by hand."""
    return _journal(folder).exists()


def is_unpacked(archive: Path, folder: Path, *, only: tuple[str, ...] = ()) -> bool:
    """Whether all files of an archive that were unpacked into `folder` are still there.

    The archive may be gone; another one in its place is not unpacked.
    """
    what, done = read(_journal(folder))
    if not done or not folder.is_dir():
        return False
    if archive.exists() and what != _identity(archive, only):
        return False
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    wanted: dict[str, int] = done[-1]
    return len(sizes) >= wanted["files"] and sum(sizes) >= wanted["bytes"]


def _check_room(archive: Path, folder: Path, only: tuple[str, ...]) -> None:
    """Refuse an archive that will not fit, by its size: photos hardly shrink in archives."""
    if only:
        return  # how much of it is wanted is known only at its end
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if problem := lacking_room(folder, max(0, archive.stat().st_size - there)):
        raise OSError(
            errno.ENOSPC, f"{problem}; free some, or set `raw` to another disk", str(archive)
        )


def _journal(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.unpacked.jsonl")


def _identity(archive: Path, only: tuple[str, ...]) -> dict[str, object]:
    facts = archive.stat()
    return {
        "archive": archive.name,
        "bytes": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "only": list(only),
    }


def _write(member: Member, path: Path, archive: Path, *, keep: bool) -> None:
    if keep and path.is_file() and path.stat().st_size == member.size:
        return
    # As atomic_file, without the sync, which would take hours for a million small files: after a
    # power cut the size shows what is missing.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with naming(path), member.open() as source, unfinished.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 18)
        unfinished.replace(path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        got = f"{member.name} as a file and as a folder"
        raise ArchiveError(f"{archive}: expected each name once, got {got}") from error


def _checked(archive: Path, limits: Limits) -> Iterator[Member]:
    """The files of an archive, in its order, each refused by name if it is not safe."""
    most = min(limits.total_bytes, int(limits.ratio * archive.stat().st_size))
    seen: set[int] = set()  # Hashes, of 64 bits: a tenth of the memory of a million names.
    total = 0
    for member in _members(archive, most):
        total += member.size
        if hash(member.name) in seen:
            raise ArchiveError(f"{archive}: {member.name}: expected each name once, got it twice")
        seen.add(hash(member.name))
        if total > most or len(seen) > limits.files:
            raise ArchiveError(
                f"{archive}: {member.name}: expected at most {most} bytes in {limits.files} files"
                f" of an archive of this size, got at least {total} in {len(seen)}"
            )
        yield member


def _members(archive: Path, most: int) -> Iterator[Member]:
    with archive.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(b"PK"):
        yield from _zip_members(archive)
    elif magic.startswith(b"\x1f\x8b"):
        with gzip.open(archive, "rb") as stream:
            yield from _tar_members(archive, Tape(stream, most))
    else:
        with archive.open("rb") as stream:
            yield from _tar_members(archive, Tape(stream, most))


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            name = _safe(archive, info.orig_filename)
            if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise ArchiveError(f"{archive}: {name}: expected files and folders, got a link")
            if info.flag_bits & 1:
                raise ArchiveError(f"{archive}: {name}: expected no encryption, got some")
            if not info.is_dir():
                yield Member(name, info.file_size, lambda info=info: file.open(info))  # type: ignore[misc]


def _tar_members(archive: Path, tape: Tape) -> Iterator[Member]:
    with tarfile.open(fileobj=tape, mode="r:") as file:  # type: ignore[call-overload]
        while info := file.next():
            # Millions of them would fill the memory.
            file.members = []
            name = _safe(archive, info.name)
            if not (info.isreg() or info.isdir()):
                got = "a link" if info.islnk() or info.issym() else "a device"
                raise ArchiveError(f"{archive}: {name}: expected files and folders, got {got}")
            if info.isreg():
                yield Member(name, info.size, lambda info=info: _stream(file, info))  # type: ignore[misc]
        # tarfile takes the end of the data for the end of the archive, which is a block of zeros.
        if tape.last != _BLOCK:
            raise ArchiveError(f"{archive}: expected a whole archive, got a truncated one")
        tape.finish()  # gzip checks its sum at the end


def _stream(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = file.extractfile(info)
    assert stream is not None  # only of what is no file
    return stream


def _safe(archive: Path, name: str) -> str:
    """The name as a path below a folder. Raises ArchiveError where it leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not name:
        raise ArchiveError(f"{archive}: {name!r}: expected a path below the archive's folder")
    return str(path)


@contextmanager
def _naming_damage(archive: Path) -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise ArchiveError(f"{archive}: expected a whole archive, got a truncated one") from error
    except (*_DAMAGED, TapeError, NotImplementedError) as error:
        raise ArchiveError(f"{archive}: expected a tar or zip archive, got: {error}") from error
