"""Words in messages: the nearest known one, and how many there are of a thing."""

import difflib
import io
import re
from collections.abc import Iterable
from typing import BinaryIO, TextIO

# A terminal obeys them: they may clear it, or hide what is written before. Progress lines begin
# with two that are ours.
_CONTROLS = re.compile(r"(\r\x1b\[2K)|([\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069])")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` with the known word that is nearest; empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def number_of(count: int, thing: str) -> str:
    """`1 photo`, `2,000 photos`."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def harmless(text: str) -> str:
    """`text` with control characters and changes of direction, as file names may have, escaped.

    Ends of lines, tabs and the beginning of a progress line stay.
    """
    return _CONTROLS.sub(lambda found: found[1] or ascii(found[2])[1:-1], text)


def one_line(text: str) -> str:
    """`harmless`, and ends of lines escaped too: for a name within a line."""
    return harmless(text).replace("\n", "\\n")


class HarmlessStream(io.TextIOBase):
    """Standard output or error, to which file names are written `harmless`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(harmless(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def buffer(self) -> BinaryIO:
        """Where bytes are written."""
        return self._stream.buffer
