"""A stream that is read forwards only, never further than is allowed, never much at once."""

from io import BufferedIOBase

_MOST_AT_ONCE = 16 << 20
_CHUNK_BYTES = 1 << 20


class TapeError(Exception):
    """More was to be read than there may be."""


class Tape:
    """What tarfile needs of a file, for an archive that may be a bomb.

    `most`: so many bytes may come out, the archive's own headers and padding not counted. A header
    that claims to be huge, which tarfile would read into memory, is refused.
    """

    def __init__(self, stream: BufferedIOBase, most: int) -> None:
        self._stream, self._most, self._at = stream, 2 * most + _MOST_AT_ONCE, 0
        self.last = b""
        """What the last read gave."""

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        if size > _MOST_AT_ONCE:
            raise TapeError(f"a header of {size} bytes")
        if self._at + size > self._most:
            raise TapeError(f"more than {self._most} bytes")
        self.last = self._stream.read(size)
        self._at += len(self.last)
        return self.last

    def seek(self, position: int) -> int:
        """Go forwards. Raises EOFError if the stream ends before."""
        if position < self._at:
            raise TapeError("a member that begins before the previous one ends")
        while self._at < position:
            if not self.read(min(_CHUNK_BYTES, position - self._at)):
                raise EOFError
        return self._at

    def finish(self) -> None:
        """Read what is left."""
        while self.read(_CHUNK_BYTES):
            pass
