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
    """The finished photos, by file, recorded in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, "rating", drop=True)
        found = [Found(**record) for record in self._journal.records]
        # A photo that could not be rated may be readable by now.
        self.done = {photo.file: photo for photo in found if photo.scores}

    def add(self, found: Found) -> None:
        """Record the result of a photo."""
        self.done[found.file] = found
        self._journal.append(asdict(found), sync=False)  # a power cut costs seconds of work


@contextmanager
def rated_photos(state: Path) -> Iterator[RatedPhotos]:
    """The finished photos in the folder `state`, which is removed when all are finished.

    Raises BusyError if another process works there.
    """
    with lock(state.with_name(f"{state.name}.lock"), remove=True):
        yield RatedPhotos(state / "photos.jsonl")
        shutil.rmtree(state)
