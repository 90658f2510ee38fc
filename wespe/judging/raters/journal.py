"""What a rating has found so far, so that one that is stopped can go on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wespe.core.files import lock
from wespe.core.journal import Journal


@dataclass(frozen=True)
class Found:
    """The scores of a photo by method, or the reason why it has none, and how long it took."""

    file: str
    seconds: float
    scores: dict[str, float] = field(default_factory=dict)
    reason: str = ""


class RatedPhotos:
    """The photos that are done, by file, kept in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, "rating", drop=True)
        found = [Found(**record) for record in self._journal.records]
        # What could not be rated may be there by now.
        self.done = {photo.file: photo for photo in found if photo.scores}

    def add(self, found: Found) -> None:
        """Keep what was found of a photo."""
        self.done[found.file] = found
        self._journal.append(asdict(found), sync=False)  # a power cut costs seconds of work


@contextmanager
def rated_photos(state: Path) -> Iterator[RatedPhotos]:
    """What is kept in the folder `state`, which goes when all is done.

    Raises BusyError where another process works there.
    """
    with lock(state.with_name(f"{state.name}.lock"), remove=True):
        yield RatedPhotos(state / "photos.jsonl")
        shutil.rmtree(state)
