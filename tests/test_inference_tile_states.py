"""What is kept of a photo comes back as it was, or not at all."""

import errno
import io
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from wespe.networks.inference import tile_states
from wespe.networks.inference.tile_states import State, TileStates


def state(seed: int, dtype: torch.dtype = torch.float32) -> State:
    stream = torch.Generator().manual_seed(seed)
    parts = torch.randn(2, 1, 4, 5, 3, generator=stream).to(dtype)
    return parts[0], parts[1].to(memory_format=torch.channels_last)


BYTES = sum(part.nbytes for part in state(0))


def assert_same(got: State | None, expected: State) -> None:
    assert got is not None
    for part, other in zip(got, expected, strict=True):
        torch.testing.assert_close(part, other, atol=0, rtol=0)


@pytest.mark.parametrize("memory", [0, 2 * BYTES, 9 * BYTES])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_states_come_back_as_they_were(memory: int, dtype: torch.dtype) -> None:
    with closing(TileStates(memory)) as states:
        for number in range(4):
            assert states.take(number) is None
            states.put(number, state(number, dtype))
        for number in (2, 0, 3, 1):
            taken = states.take(number)
            assert_same(taken, state(number, dtype))
            assert taken is not None
            # The first part as it came, the second another.
            states.put(number, (taken[0], taken[1] + 1))
        for number in range(4):
            first, second = state(number, dtype)
            assert_same(states.take(number), (first, second + 1))


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_states, "_free_bytes", lambda: 4 * BYTES + 1)
    for memory, file, room in ((BYTES, True, 3), (BYTES, False, 1), (BYTES - 1, False, 0)):
        with closing(TileStates(memory, file=file)) as states:
            for round_ in range(2):
                for number in range(5):
                    states.put(number, state(number + round_))
            for number in range(5):
                taken = states.take(number)
                assert (taken is not None) == (number < room)
                if taken:
                    assert_same(taken, state(number + 1))


class FillsUp(io.FileIO):
    """A file on a disk with room for one state."""

    def write(self, part: Any, /) -> int:
        if self.tell() + len(part) > BYTES:
            raise OSError(errno.ENOSPC, "no space left on device")
        return super().write(part)


def test_a_disk_that_fills_up_costs_what_is_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "states"
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FillsUp(file, "w+"))
    with closing(TileStates(BYTES)) as states:
        states.put(0, state(0))
        states.put(1, state(1))
        assert file.stat().st_size == BYTES
        states.put(2, state(2))
        states.put(1, state(1))
        assert_same(states.take(0), state(0))
        assert states.take(1) is None
        assert states.take(2) is None


def test_without_a_folder_for_temporary_files_memory_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with closing(TileStates(BYTES)) as states:
        for number in range(2):
            states.put(number, state(number))
        assert_same(states.take(0), state(0))
        assert states.take(1) is None


def test_the_file_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(TileStates(0)) as states:
        states.put(0, state(0))
        assert_same(states.take(0), state(0))
    assert not [*tmp_path.iterdir()]
    with pytest.raises(ValueError, match="closed file"):
        states.take(0)
