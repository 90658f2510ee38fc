"""What tiles have come to, kept between passes over a photo: in memory, then in a file."""

import io
import itertools
import shutil
import tempfile

import torch
from torch import Tensor

KEPT_BYTES = 320 * 2**20
"""Memory for it: with all else, a photo of 12 megapixels takes less than 1.5 GB."""

State = tuple[Tensor, ...]
"""Tensors `(1, C, h, w)` of a tile, of the same shapes and types for all tiles of a photo."""


class TileStates:
    """Tiles' states by their numbers, as many as there is room for.

    The first ones stay in `memory_bytes` of memory. The next ones, with `file`, are in a file that
    no one else sees, in the folder for temporary files, in up to half of the room there.
    """

    def __init__(self, memory_bytes: int = KEPT_BYTES, *, file: bool = True) -> None:
        self._memory_left = memory_bytes
        self._file_left = _free_bytes() // 2 if file else 0
        self._in_memory: dict[int, State | None] = {}
        self._places: dict[int, int] = {}
        self._layouts: tuple[tuple[torch.Size, tuple[int, ...], torch.dtype], ...] = ()
        self._read_last: State = ()
        self._file: io.FileIO | None = None

    def close(self) -> None:
        """Drop all states."""
        self._in_memory.clear()
        if self._file:
            self._file.close()

    def put(self, tile: int, state: State) -> None:
        """Keep `state`, if there is room; what was kept of the tile before is gone."""
        size = sum(part.nbytes for part in state)
        if tile not in self._in_memory and size <= self._memory_left:
            self._memory_left -= size
            self._in_memory[tile] = None
        if tile in self._in_memory:
            self._in_memory[tile] = state
        elif tile in self._places or size <= self._file_left:
            self._write(tile, state, size)

    def take(self, tile: int) -> State | None:
        """The state that was kept last, in memory no longer; None if there was no room for it."""
        if tile in self._in_memory:
            state, self._in_memory[tile] = self._in_memory[tile], None
            return state
        return self._read(tile) if tile in self._places else None

    def _write(self, tile: int, state: State, size: int) -> None:
        if tile not in self._places:
            self._file_left -= size
            self._places[tile] = len(self._places) * size
        self._layouts = tuple((part.shape, part.stride(), part.dtype) for part in state)
        try:
            self._file = self._file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            self._file.seek(self._places[tile])
            for part, read in itertools.zip_longest(state, self._read_last):
                if part is read:
                    # It is there as it was.
                    self._file.seek(part.nbytes, io.SEEK_CUR)
                elif self._file.write(_bytes(part)) < part.nbytes:
                    raise OSError("no space left")
        except OSError:
            # The disk is full, or there is none: computing again needs no room.
            self._places.clear()
            self._file_left = 0
        self._read_last = ()

    def _read(self, tile: int) -> State:
        assert self._file
        self._file.seek(self._places[tile])
        state = tuple(
            torch.empty_strided(shape, stride, dtype=dtype)
            for shape, stride, dtype in self._layouts
        )
        for part in state:
            if self._file.readinto(_bytes(part)) < part.nbytes:
                raise OSError("the file of what is kept of a photo has lost its end")
        self._read_last = state
        return state


def _free_bytes() -> int:
    """The room in the folder for temporary files; none where there is no such folder."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free
    except OSError:
        return 0


def _bytes(part: Tensor) -> memoryview:
    """The memory of a tensor without gaps, its channels the outermost or the innermost."""
    rows = part if part.is_contiguous() else part.permute(0, 2, 3, 1)
    return rows.view(torch.uint8).numpy().data
