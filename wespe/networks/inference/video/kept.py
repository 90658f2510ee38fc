"""What a stopped run leaves: encoded pieces, and the state from which the next run continues."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from wespe.core.files import atomic_file, read_json, write_json
from wespe.networks.inference.video.encoding import Piece
from wespe.networks.inference.video.steady import State


class Kept:
    """A folder of pieces that were made with `settings`; pieces of other settings are removed."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder = folder
        file = folder / "settings.json"
        if not file.exists() or read_json(file) != settings:
            for old in [*folder.glob("piece-*.safetensors"), *folder.glob("state-*.safetensors")]:
                old.unlink()
            write_json(file, settings)

    def pieces(self) -> list[Path]:
        """The files of the pieces that there are, in order."""
        return sorted(self._folder.glob("piece-*.safetensors"))

    def state(self) -> State:
        """What was left after the last piece; nothing before the first."""
        number = len(self.pieces()) - 1
        return _read(self._file("state", number)) if number >= 0 else {}

    def add(self, piece: Piece, state: State) -> None:
        """Keep the next piece and the state after it, in place of the one before."""
        number = len(self.pieces())
        # The piece last: a run that is killed between the two has the state of the piece before.
        _write(self._file("state", number), state)
        _write(self._file("piece", number), piece._asdict())
        self._file("state", number - 1).unlink(missing_ok=True)

    def _file(self, kind: str, number: int) -> Path:
        return self._folder / f"{kind}-{number:06d}.safetensors"


def read_piece(path: Path) -> Piece:
    """The piece in a file."""
    return Piece(**_read(path))


def _write(path: Path, arrays: State) -> None:
    content = save({key: np.ascontiguousarray(value) for key, value in arrays.items()})
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def _read(path: Path) -> State:
    arrays: State = load(path.read_bytes())
    return arrays
