"""The unfinished file of a patch set, and a journal of the photos that are in it for good."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from wespe.core.files import lock, naming
from wespe.core.journal import Journal
from wespe.data.patches.sampling import Cut

_SYNC_S = 2.0  # so much that is finished may be lost, besides what is not


class Part:
    """A patch set under way: `path`, its file, and `finished`, the first photos of its plan.

    What follows them in the file counts for nothing. `add` receives each further photo, in order,
    once its patches are in their final place.
    """

    def __init__(self, path: Path, journal: Path, key: str) -> None:
        self.path = path
        if not path.exists():  # its journal is worth nothing by itself
            journal.unlink(missing_ok=True)
        self._journal = Journal(journal, key, drop=True)
        self.finished = [Cut(**record) for record in self._journal.records]
        self._waiting: list[Cut] = []
        self._synced = time.monotonic()
        path.touch()

    def add(self, cut: Cut) -> None:
        """Note a photo; what is noted is on the disk a moment later, the patches first."""
        self.finished.append(cut)
        self._waiting.append(cut)
        if time.monotonic() - self._synced > _SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Bring patches, then journal, to the disk: a line there is true even after a power cut."""
        with self.path.open("r+b") as stream:  # Windows syncs only what may be written
            os.fsync(stream.fileno())
        self._journal.append(*map(asdict, self._waiting))
        self._waiting, self._synced = [], time.monotonic()


@contextmanager
def resumable(out: Path, key: str) -> Iterator[Part]:
    """The unfinished file of the set `out`, which becomes it where the block succeeds.

    The block ends with a `sync`. `key` stands for all that decides the bytes; what another one left
    is dropped. Where the block fails, or the process is killed, what is finished stays, beside
    `out`, for the next time. Raises BusyError if another process is at it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path, journal = (out.with_name(f".{out.name}{suffix}") for suffix in (".part", ".journal"))
    with naming(out), lock(out.with_name(f".{out.name}.lock")):
        yield Part(path, journal, key)
        path.replace(out)
        journal.unlink()
