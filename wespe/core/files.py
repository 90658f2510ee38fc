"""Files that are whole or absent: atomic writes, content hashes, one writer at a time."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

# Reading the mask means setting it for a moment: once, before there are threads.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and becomes `path`.

    On an error the temporary file is removed and an earlier `path` stays untouched. An OSError
    names a file, also where the disk is full, which Python reports without a name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        with naming(path):
            yield temporary
        with temporary.open("r+b") as stream:  # Windows syncs only what may be written
            os.fsync(stream.fileno())
        # mkstemp makes files private to their owner; a result is as readable as any other file, or
        # as the one that it replaces.
        # Shares and disks of other systems may not know modes, or not let this user set them.
        with suppress(OSError):
            temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_UMASK)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    """A new, empty file beside `path`. Its name is short, since that of `path` may be the longest
    that the disk allows, and hidden, since it is unfinished. An OSError names `path`, and what is
    wrong with its folder."""
    folder = path.parent
    try:
        descriptor, name = tempfile.mkstemp(prefix=".unfinished.", suffix=path.suffix, dir=folder)
    except OSError as error:
        reason = f"nothing can be written to the folder {folder}: {error.strerror}"
        raise OSError(error.errno, reason, str(path)) from error
    os.close(descriptor)
    return Path(name)


def check_writable(path: Path) -> None:
    """Raise OSError if `atomic_file(path)` would: a name too long, a folder that is read-only.

    For what takes long to compute: better to know before than after.
    """
    with naming(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with suppress(FileNotFoundError):
            path.lstat()  # Fails for a name that is too long.
        path.parent.mkdir(parents=True, exist_ok=True)
        _temporary(path).unlink()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put `path` into an OSError that names no file, as that of a write to a full disk."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it replaces `path`.

    One process at a time. What one that was killed has left is removed. Raises BusyError where
    another one makes it, and OSError where `path` is a file.
    """
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "expected a folder, got a file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.unfinished")
    with _alone(path):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            if path.is_dir():
                shutil.rmtree(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(lock(path.with_name(f".{path.name}.lock"), remove=True))
        except BusyError as error:
            raise BusyError(
                f"{path}: another process is making this folder; wait for its end, then start the "
                "same command again. Projects that run side by side need folders of their own"
            ) from error
        yield


_SPARE_BYTES = 100 << 20  # what a disk is left with


def lacking_room(folder: Path, wanted: int, *, given_back: int = 0) -> str | None:
    """What is wrong if `folder`'s disk has no room for `wanted` bytes more, in words.

    `given_back`: bytes of files there that will be written over.
    """
    free = shutil.disk_usage(folder).free + given_back - _SPARE_BYTES
    if wanted <= free:
        return None
    found = max(0, free) / 1e6
    return f"expected {wanted / 1e6:.1f} MB of free space in {folder}, found {found:.1f} MB"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; the same value gives the same bytes.

    File names that are no text in any encoding stay what they are: Python's stand-ins for their
    bytes are written as JSON's escapes.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    with atomic_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> Any:
    """The value in a JSON file; ValueError names the file if it is not JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected JSON, got {error}") from error


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class BusyError(RuntimeError):
    """Another process does the same work."""


@contextmanager
def lock(path: Path, *, wait: bool = False, remove: bool = False) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, which is made where it is missing.

    The system releases the lock when the process ends, however that happens. Where another process
    holds it: `wait` for that one, or BusyError at once. `remove`: the file goes with the lock; a
    process that waits for it notices, and makes another. So only one process has the lock.
    """
    from filelock import FileLock, Timeout  # takes 0.1 s, and most commands lock nothing

    path.parent.mkdir(parents=True, exist_ok=True)
    own = FileLock(
        path,
        blocking=wait,
        thread_local=False,  # a server may be closed by another thread than opened it
        fallback_to_soft=False,  # a soft lock outlives its process
        preserve_lock_file=not remove,
    )
    try:
        held = own.acquire()
    except Timeout as error:
        raise BusyError(f"{path}: another process holds this lock") from error
    with held:
        try:
            yield
        finally:
            # Before the release, so that no one else has it yet. Windows refuses that, and filelock
            # removes the file there once it is released.
            if remove and os.name != "nt":
                path.unlink(missing_ok=True)
