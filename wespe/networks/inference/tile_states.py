"""What tiles have come to, kept between passes over a photo: in memory, then in a file."""

import io
import shutil
import tempfile
from typing import NamedTuple

import torch
from torch import Tensor

KEPT_BYTES = 320 * 2**20
"""Memory for it: with all else, a photo of 12 megapixels takes less than 1.5 GB."""

State = tuple[Tensor, ...]
"""Tensors `(1, C, h, w)` of a tile."""


class _Place(NamedTuple):
    """Where a state lies in the file, how much room is there, and what its tensors are like."""

    start: int
    room: int
    layouts: tuple[tuple[torch.Size, tuple[int, ...], torch.dtype], ...] = ()


class TileStates:
    """Tiles' states by their numbers, as many as there is room for.

    The first ones stay in `memory_bytes` of memory. The next ones, with `file`, are in a file that
    no one else sees, in the folder for temporary files, in up to half of the room there.
    """

    def __init__(self, memory_bytes: int = KEPT_BYTES, *, file: bool = True) -> None:
        self._memory_left = memory_bytes
        self._file_left = _free_bytes() // 2 if file else 0
        self._in_memory: dict[int, State | None] = {}
        self._reserved: dict[int, int] = {}
        self._places: dict[int, _Place] = {}
        self._end = 0
        self._read_last: dict[int, Tensor] = {}
        self._file: io.FileIO | None = None

    def close(self) -> None:
        """Drop all states."""
        self._in_memory.clear()
        if self._file:
            self._file.close()

    def put(self, tile: int, state: State) -> None:
        """Keep `state`, if there is room; what was kept of the tile before is gone."""
        size = sum(part.nbytes for part in state)
        more = size - self._reserved.get(tile, 0)
        # Memory stays with the tiles that had it first: the next state may be as large again.
        if (tile in self._in_memory or tile not in self._places) and more <= self._memory_left:
            self._in_memory[tile] = state
            if more > 0:
                self._memory_left -= more
                self._reserved[tile] = size
            return
        self._in_memory.pop(tile, None)
        self._memory_left += self._reserved.pop(tile, 0)
        place = self._places.pop(tile, _Place(self._end, 0))
        if size > place.room and size <= self._file_left:
            place = _Place(self._end, size)
            self._end, self._file_left = self._end + size, self._file_left - size
        if size <= place.room:
            self._write(tile, state, place)

    def take(self, tile: int) -> State | None:
        """The state that was kept last, in memory no longer; None if there was no room for it."""
        if tile in self._in_memory:
            state, self._in_memory[tile] = self._in_memory[tile], None
            return state
        return self._read(self._places[tile]) if tile in self._places else None

    def _write(self, tile: int, state: State, place: _Place) -> None:
        state = tuple(map(_dense, state))
        layouts = tuple((part.shape, part.stride(), part.dtype) for part in state)
        self._places[tile] = place._replace(layouts=layouts)
        try:
            self._file = self._file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            start = place.start
            for part in state:
                # What was read from there is there as it was.
                if self._read_last.get(start) is not part:
                    self._file.seek(start)
                    if self._file.write(_bytes(part)) < part.nbytes:
                        raise OSError("no space left")
                start += part.nbytes
        except OSError:
            # The disk is full, or there is none: computing again needs no room.
            self._places.clear()
            self._file_left = 0
        self._read_last = {}

    def _read(self, place: _Place) -> State:
        assert self._file
        start, self._read_last = place.start, {}
        for shape, stride, dtype in place.layouts:
            part = torch.empty_strided(shape, stride, dtype=dtype)
            self._file.seek(start)
            if self._file.readinto(_bytes(part)) < part.nbytes:
                raise OSError("the file of what is kept of a photo has lost its end")
            self._read_last[start] = part
            start += part.nbytes
        return tuple(self._read_last.values())


def _free_bytes() -> int:
    """The room in the folder for temporary files; none where there is no such folder."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free
    except OSError:
        return 0


def _dense(part: Tensor) -> Tensor:
    """The same without gaps between its channels, which a part of a larger tensor has."""
    last = part.is_contiguous(memory_format=torch.channels_last)
    return part if last or part.is_contiguous() else part.contiguous()


def _bytes(part: Tensor) -> memoryview:
    """The memory of a tensor without gaps, its channels the outermost or the innermost."""
    rows = part if part.is_contiguous() else part.permute(0, 2, 3, 1)
    return rows.view(torch.uint8).numpy().data
