"""The folder of a training: the state that it resumes from, its losses and its sample pictures."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from wespe.core import processes
from wespe.core.elsewhere import Elsewhere
from wespe.core.files import atomic_file, lock, naming
from wespe.photos.images import Pixels, write_photo
from wespe.results.losses import lines_of, write_losses


class TrainingFolder:
    """`state.pt`, `losses.jsonl` and `samples/` in the folder `path`.

    `state.pt` is what a training goes back to when it diverges. One that was asked to stop between
    two saves leaves `paused.pt` too, to resume from; so it ends as if it had never been stopped.
    Of several processes that train together, only the first one writes; all of them read the state.
    Where machines share no disk, a copy of the folder follows each save: see `Elsewhere`.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._state, self._paused = path, path / "state.pt", path / "paused.pt"
        self._elsewhere = Elsewhere(path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other trainings out of the folder; the first process holds the lock for all.

        Raises BusyError where another process trains in it.
        """
        if not processes.first():
            yield
            return
        with lock(self._path / "lock"):
            self._elsewhere.bring()
            (self._path / "samples").mkdir(exist_ok=True)
            yield

    def has_state(self) -> bool:
        """Whether there is a state to resume from."""
        return self._state.exists()

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the state, which holds numbers, text and tensors, in one rename."""
        if not processes.first():
            return
        # First: what is older than the state is no use.
        self._paused.unlink(missing_ok=True)
        self._elsewhere.remove(self._paused)
        _write(self._state, state)
        self._elsewhere.put(self._state)

    def pause(self, state: Mapping[str, Any]) -> None:
        """Keep a state between two saves, until the next of them."""
        if processes.first():
            _write(self._paused, state)
            self._elsewhere.put(self._paused)

    def load(self, *, paused: bool = False) -> dict[str, Any]:
        """The state that was saved last, its tensors on the CPU; with `paused` one of a pause."""
        processes.meet()  # the first has written it
        path = self._paused if paused and self._paused.exists() else self._state
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        processes.meet()  # all have read it
        return state

    def write_records(self, records: Sequence[Mapping[str, float]]) -> None:
        """Replace all records of the losses."""
        if not processes.first():
            return
        with atomic_file(self._path / "losses.jsonl") as temporary:
            write_losses(temporary, records)

    def append_record(self, record: Mapping[str, float]) -> None:
        """Add one record of the losses."""
        if not processes.first():
            return
        path = self._path / "losses.jsonl"
        with naming(path), path.open("a") as stream:
            stream.write(lines_of([record]))

    def write_sample(self, step: int, picture: Pixels) -> None:
        """Keep `picture`, uint8 `(H, W, 3)`, as the sample of `step`."""
        path = self._path / "samples" / f"{step:06d}.jpg"
        write_photo(path, picture)
        self._elsewhere.put(path)


def _write(path: Path, state: Mapping[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with atomic_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
