"""What a long piece of work has done so far: a file of JSON records that only ever grows.

Its first line is an identity, which stands for all that the work depends on. Each further line is a
record. A process that is killed can tear the last line; it then counts for nothing.
"""

import json
import os
from pathlib import Path
from typing import Any

from wespe.core.files import atomic_file, naming


class Journal:
    """The journal in the file `path`, which is made where it is missing.

    `records`: what it holds already, and what is appended. `identity` and records are JSON values.
    A journal of another identity, or one that is damaged before its last line, raises ValueError.
    With `drop`, the other one is replaced, and the damaged one ends before the damage. One process
    at a time: the caller holds a lock.
    """

    def __init__(self, path: Path, identity: Any, *, drop: bool = False) -> None:
        self._path = path
        known, self.records, whole_bytes = _read(path, lenient=drop)
        if whole_bytes and known != identity and not drop:
            raise ValueError(
                f"{path}: belongs to {_text(known)}, expected {_text(identity)}; "
                "give the other one a path of its own"
            )
        if not whole_bytes or known != identity:
            self.records = []
            with atomic_file(path) as temporary:
                temporary.write_bytes(_line(identity))
        elif whole_bytes < path.stat().st_size:
            os.truncate(path, whole_bytes)

    def append(self, *records: Any, sync: bool = True) -> None:
        """Append records, in one write. They outlive the process; with `sync`, a power cut too."""
        with naming(self._path), self._path.open("ab") as stream:
            stream.write(b"".join(map(_line, records)))
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        self.records += records


def read(path: Path) -> tuple[Any, list[Any]]:
    """The identity and the records of a journal, up to any damage; None and [] where it is missing.

    The file stays as it is.
    """
    identity, records, _ = _read(path, lenient=True)
    return identity, records


def _read(path: Path, *, lenient: bool) -> tuple[Any, list[Any], int]:
    """The identity, the records, and the bytes of the whole lines that hold them."""
    values, whole_bytes = [], 0
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            values.append(json.loads(line.decode("utf-8")))
        except ValueError as error:
            if lenient:
                break
            raise ValueError(f"{path}, line {number}: expected a record, got {error}") from error
        whole_bytes += len(line) + 1
    return (values[0] if values else None), values[1:], whole_bytes


def _line(value: Any) -> bytes:
    # JSON keeps a float to the last bit, and in ASCII no name of a file ends a line.
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
