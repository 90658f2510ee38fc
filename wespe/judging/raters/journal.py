"""What a rating has found so far, a line a photo, so that one that is stopped can go on."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wespe.core.files import atomic_file, lock, naming


@dataclass(frozen=True)
class Found:
    """The scores of a photo by method, or the reason why it has none, and how long it took."""

    file: str
    seconds: float
    scores: dict[str, float] = field(default_factory=dict)
    reason: str = ""


class Journal:
    """The photos that are done, by file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.done: dict[str, Found] = {}
        for line in path.read_bytes().splitlines() if path.exists() else []:
            try:
                found = Found(**json.loads(line))
            except (ValueError, TypeError):
                break  # cut off in the middle: it and what came after is done again
            if found.scores:  # what could not be rated may be there by now
                self.done[found.file] = found
        with atomic_file(path) as temporary:
            temporary.write_text("".join(_line(found) for found in self.done.values()), "ascii")

    def add(self, found: Found) -> None:
        """Keep what was found of a photo."""
        self.done[found.file] = found
        with naming(self._path), self._path.open("a", encoding="ascii") as stream:
            stream.write(_line(found))


@contextmanager
def journal(state: Path) -> Iterator[Journal]:
    """The journal in the folder `state`, which goes when all is done.

    Raises BlockingIOError where another process writes it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with lock(state / "lock"):
        yield Journal(state / "photos.jsonl")
        shutil.rmtree(state)


def _line(found: Found) -> str:
    # JSON keeps a float to the last bit, and in ASCII no name of a file ends a line.
    return json.dumps(asdict(found)) + "\n"
