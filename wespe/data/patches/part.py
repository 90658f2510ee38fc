"""The unfinished file of a patch set, and a journal of the photos that are in it for good."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from wespe.core.files import lock, naming
from wespe.data.patches.sampling import Cut

_SYNC_S = 2.0  # so much that is finished may be lost, besides what is not


class Part:
    """A patch set under way: `path`, its file, and `finished`, the first photos of its plan.

    What follows them in the file counts for nothing. `add` is told of each further photo, in order,
    once its patches are in their final place.
    """

    def __init__(self, path: Path, journal: Path, key: str) -> None:
        self.path, self._journal = path, journal
        self.finished = _read(journal, key) if path.exists() else []
        self._waiting: list[Cut] = []
        self._synced = time.monotonic()
        # Rewritten without what is torn or of other settings, whole or not at all.
        _write(journal, key, self.finished)
        path.touch()

    def add(self, cut: Cut) -> None:
        """Note a photo; what is noted is on the disk a moment later, the patches first."""
        self.finished.append(cut)
        self._waiting.append(cut)
        if time.monotonic() - self._synced > _SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Bring patches, then journal, to the disk: a line there is true even after a power cut."""
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        with naming(self._journal), self._journal.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps(asdict(cut))}\n" for cut in self._waiting)
            stream.flush()
            os.fsync(stream.fileno())
        self._waiting, self._synced = [], time.monotonic()


@contextmanager
def resumable(out: Path, key: str) -> Iterator[Part]:
    """The unfinished file of the set `out`, which becomes it where the block succeeds.

    The block ends with a `sync`. `key` stands for all that decides the bytes; what another one left
    is dropped. Where the block fails, or the process is killed, what is finished stays, beside
    `out`, for the next time. Raises BlockingIOError if another process is at it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path, journal = (out.with_name(f".{out.name}{suffix}") for suffix in (".part", ".journal"))
    with naming(out), lock(out.with_name(f".{out.name}.lock")):
        yield Part(path, journal, key)
        path.replace(out)
        journal.unlink()


def _read(journal: Path, key: str) -> list[Cut]:
    """The photos of a journal of this key; a torn last line is none."""
    if not journal.is_file():
        return []
    first, *lines = journal.read_text("utf-8", errors="replace").split("\n")
    return [Cut(**json.loads(line)) for line in lines[:-1]] if first == key else []


def _write(journal: Path, key: str, cuts: list[Cut]) -> None:
    temporary = journal.with_name(f"{journal.name}.new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(f"{key}\n")
        stream.writelines(f"{json.dumps(asdict(cut))}\n" for cut in cuts)
    temporary.replace(journal)
