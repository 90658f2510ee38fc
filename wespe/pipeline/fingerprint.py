"""A hash of a file's or a folder's content that is cheap to ask for again."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from wespe.core.files import sha256, write_json
from wespe.core.walk import walk

CACHE = Path(".wespe/fingerprints.json")
"""The hashes of files, with the size and the times that they had then."""

_TOLD_FROM_BYTES = 1_000_000_000
# A file that has changed this recently may change again without a new time.
_SETTLED_S = 2.0


class Entry(NamedTuple):
    """A file, its hash, and what it was like when that was made."""

    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str = ""


def fingerprint(path: Path, cache: Path = CACHE) -> str:
    """Hex SHA-256 of the names and contents of a file, or of all files below a folder.

    Empty where there is neither. Times do not count: a copy has the fingerprint of the original.
    Files are read once, then again only where their size or times have changed; `cache` keeps the
    hashes. Links are followed and hidden files left out, as `walk` says. What cannot be read is
    named on standard error, and counts as unreadable.
    """
    if not path.exists():
        return ""
    files, unreadable = {"": path}, []
    if path.is_dir():
        found = walk(path)
        files = {name.as_posix(): path / name for name in found.files}
        unreadable = [f"{path / name}: {reason}" for name, reason in found.unreadable]
    hashes = _hashes(path, files, cache, unreadable)
    for line in unreadable:
        print(f"{line}; changes in it are not noticed", file=sys.stderr)
    lines = (f"{name}\0{hashed}\n" for name, hashed in hashes.items())
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _hashes(
    path: Path, files: Mapping[str, Path], cache: Path, unreadable: list[str]
) -> dict[str, str]:
    """The hash of each file; empty, and a line in `unreadable`, for one that cannot be read."""
    known, entries = _load(cache), {}
    for name, file in files.items():
        try:
            stat = file.stat()
        except OSError:
            continue
        entries[name] = Entry(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        before = known.get(str(file))
        if before and before[:3] == entries[name][:3]:
            entries[name] = before
    unread = {name: files[name] for name, entry in entries.items() if not entry.sha256}
    size = sum(entries[name].size for name in unread)
    if size > _TOLD_FROM_BYTES:
        print(f"{path}: reading {size / 1e9:.1f} GB of photos, only this time", file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, hashed in zip(unread, pool.map(_hash, unread.values()), strict=True):
            entries[name] = entries[name]._replace(sha256=hashed)
    unreadable += [
        f"{file}: cannot be read"
        for name, file in files.items()
        if name not in entries or not entries[name].sha256
    ]
    if unread:
        settled = (time.time() - _SETTLED_S) * 1e9
        write_json(
            cache,
            known
            | {
                str(files[name]): entry
                for name, entry in entries.items()
                if entry.sha256 and max(entry.mtime_ns, entry.ctime_ns) < settled
            },
        )
    return {name: entries[name].sha256 if name in entries else "" for name in files}


def _hash(file: Path) -> str:
    """The hash of a file; empty if it cannot be read."""
    try:
        return sha256(file)
    except OSError:
        return ""


def _load(cache: Path) -> dict[str, Entry]:
    try:
        known = json.loads(cache.read_text("utf-8"))
        return {file: Entry(*entry) for file, entry in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
