"""Several files as one zip, written while it is sent."""

import contextlib
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePath

_CHUNK = 1 << 18


def zipped(members: Iterable[tuple[str, AbstractContextManager[Path]]]) -> Iterator[bytes]:
    """The bytes of a zip of `members`, each a name and the opening of its file.

    One file at a time is open, and no more than a piece of it in memory. Nothing is compressed:
    photos are already. Names may repeat. A file that is gone by its turn is left out.
    """
    written = _Written()
    names = _Names()
    # The archive sees that it cannot go back, and states sizes behind each file.
    with zipfile.ZipFile(written, "w") as archive:  # type: ignore[call-overload]
        for name, opening in members:
            with contextlib.ExitStack() as stack:
                try:
                    stream = stack.enter_context(stack.enter_context(opening).open("rb"))
                except FileNotFoundError:
                    continue
                info = zipfile.ZipInfo(names.unique(name), time.localtime()[:6])
                info.external_attr = 0o644 << 16
                info.file_size = stream.seek(0, 2)  # so that it knows whether 32 bits are enough
                stream.seek(0)
                with archive.open(info, "w") as member:
                    while chunk := stream.read(_CHUNK):
                        member.write(chunk)
                        yield written.take()
    yield written.take()


class _Written:
    """A stream that can only be written to, and read from once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class _Names:
    """Gives each name once; some systems see no difference between `A` and `a`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        path, number, found = PurePath(name), 1, name
        while found.casefold() in self._taken:
            number += 1
            found = f"{path.stem} ({number}){path.suffix}"
        self._taken.add(found.casefold())
        return found
