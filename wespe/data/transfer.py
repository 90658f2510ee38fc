"""One request for a file, or for the rest of it, and what it makes of all that servers answer.

What has come so far lies beside the file as `.NAME.part`, with `.NAME.part.json`, which says of
which version of which address it is a part. A part is only continued with the same version
(`If-Range` of RFC 9110, section 13.1.5), or where the file's sha256 is known, which settles it in
the end.
"""

import html
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import requests
import urllib3

from wespe import __version__
from wespe.core.files import lacking_room, naming, read_json, sha256, write_json
from wespe.core.progress import Progress
from wespe.data.http import TemporaryError, check_status, distrusted

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 512


@dataclass(frozen=True)
class Wanted:
    """A file, and what is known of it beforehand."""

    path: Path
    size: int | None = None
    sha256: str | None = None
    magic: tuple[bytes, ...] = ()
    """How it may begin; empty: anything but a web page."""


class RefusedError(Exception):
    """Asking this mirror again is of no use; `everywhere`: nor is asking another one."""

    def __init__(self, reason: str, *, everywhere: bool = False) -> None:
        super().__init__(reason)
        self.everywhere = everywhere


class Part:
    """What has come of a file so far, and which version of it this is a part of."""

    def __init__(self, wanted: Wanted, url: str) -> None:
        self.wanted, self.url = wanted, url
        self.path = wanted.path.with_name(f".{wanted.path.name}.part")
        self._note = wanted.path.with_name(f".{wanted.path.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def begin(self, validator: str | None, total: int | None) -> None:
        write_json(self._note, {"url": self.url, "validator": validator, "total": total})

    @property
    def total(self) -> int | None:
        """The bytes of the whole file, if the server said so."""
        total = self._version().get("total")
        return total if isinstance(total, int) else None

    @property
    def validator(self) -> str | None:
        """What `If-Range` needs, where the part came from this address and can be checked."""
        version = self._version()
        value = version.get("validator")
        return value if isinstance(value, str) and version.get("url") == self.url else None

    def _version(self) -> dict[str, object]:
        try:
            note = read_json(self._note)
        except (ValueError, OSError):
            return {}
        return note if isinstance(note, dict) else {}

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, continued: bool) -> None:
        """Put the part in its place. Raises TemporaryError or RefusedError for another file."""
        if problem := mismatch(self.path, self.wanted):
            self.drop()
            # Of parts of two versions, the next try makes one.
            raise (TemporaryError if continued else RefusedError)(problem)
        self.path.replace(self.wanted.path)
        self._note.unlink(missing_ok=True)


def mismatch(path: Path, wanted: Wanted) -> str | None:
    """What is wrong with the size or the hash of a file."""
    size = path.stat().st_size
    if wanted.size not in (None, size):
        return f"expected {wanted.size} bytes, got {size}"
    if wanted.sha256 and (found := sha256(path)) != wanted.sha256:
        return f"expected sha256 {wanted.sha256}, got {found}"
    return None


def transfer(session: requests.Session, part: Part, *, timeout_s: tuple[float, float]) -> None:
    """Ask for the rest of a part and append it; returns when that is all that the server has.

    Raises TemporaryError or RefusedError; bytes received before stay in the part.
    """
    have = part.size
    # Encoded content would be another sequence of bytes than the one that ranges count.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"wespe/{__version__}"}
    if have and (part.validator or part.wanted.sha256):
        headers |= {"Range": f"bytes={have}-"}
        headers |= {"If-Range": part.validator} if part.validator else {}
    with (
        _naming_failures(),
        session.get(part.url, headers=headers, stream=True, timeout=timeout_s) as answer,
    ):
        _check_status(answer)
        if answer.status_code == 416:
            return _nothing_left(answer, part)
        start = have if answer.status_code == 206 else 0
        total = _rest_of(answer, part, start) if start else _whole(answer, part)
        _check_room(part, total, start)
        body = _chunks(answer)
        head = b"" if start else _head(body)
        if not start:
            _check_content(answer, head, part.wanted)
            part.begin(_validator(answer), total)
        _append(part, chain([head], body), start, total)


def _append(part: Part, chunks: Iterable[bytes], start: int, total: int | None) -> None:
    with (
        naming(part.path),
        part.path.open("ab" if start else "wb") as stream,
        Progress(part.wanted.path.name, total=total, done=start, unit="bytes") as bar,
    ):
        for chunk in chunks:
            stream.write(chunk)
            bar.advance(len(chunk))
    if total is not None and part.size < total:
        raise TemporaryError(f"expected {total} bytes, the connection ended after {part.size}")


@contextmanager
def _naming_failures() -> Iterator[None]:
    """Failures of a connection, as TemporaryError; of an address, as RefusedError."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        if advice := distrusted(error):
            raise RefusedError(advice) from error
        raise TemporaryError(f"expected the file, the connection broke: {error}") from error
    except requests.RequestException as error:
        raise RefusedError(f"expected an address that answers, got: {error}") from error


def _check_status(answer: requests.Response) -> None:
    check_status(answer)
    if answer.status_code not in {200, 206, 416}:
        raise RefusedError(
            f"expected the file, the server answered {answer.status_code} {answer.reason}"
        )


def _whole(answer: requests.Response, part: Part) -> int | None:
    """The bytes of a file that comes from its beginning, if anyone knows."""
    if answer.status_code == 206:
        raise RefusedError("expected the file, the server sent only a range of it")
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else part.wanted.size
    _check_size(total, part)
    return total


def _rest_of(answer: requests.Response, part: Part, start: int) -> int:
    """The bytes of the whole file, of which the rest comes; another file makes the part void."""
    found = answer.headers.get("Content-Range", "")
    match = re.fullmatch(rf"bytes {start}-\d+/(\d+)", found)
    validator = _validator(answer)
    if (
        not match
        or part.total not in (None, int(match[1]))
        or (part.validator and validator not in (None, part.validator))
    ):
        expected = f"the bytes of {part.total or 'the file'} from {start} on, of the same version"
        part.drop()
        raise TemporaryError(
            f"expected {expected}, got {found or 'no range'} of version {validator}"
        )
    _check_size(int(match[1]), part)
    return int(match[1])


def _check_size(total: int | None, part: Part) -> None:
    if part.wanted.size is not None and total != part.wanted.size:
        raise RefusedError(f"expected {part.wanted.size} bytes, the server has a file of {total}")


def _nothing_left(answer: requests.Response, part: Part) -> None:
    """The server has no bytes beyond the part: it is whole, or one of something else."""
    found = answer.headers.get("Content-Range", "")
    if found != f"bytes */{part.size}":
        had = part.size
        part.drop()
        raise TemporaryError(f"expected a file of more than {had} bytes, got {found or 'none'}")


def _validator(answer: requests.Response) -> str | None:
    """A strong ETag, or else the time of the last change: what names this version of the file."""
    etag: str = answer.headers.get("ETag", "")
    return etag if etag.startswith('"') else answer.headers.get("Last-Modified")


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    """The body as it was sent, as it comes: of a connection that breaks, nothing is lost."""
    while chunk := answer.raw.read1(_CHUNK_BYTES, decode_content=False):
        yield chunk


def _head(body: Iterator[bytes]) -> bytes:
    """Enough of the beginning to recognise its kind."""
    head = b""
    while len(head) < _HEAD_BYTES and (chunk := next(body, b"")):
        head += chunk
    return head


def _check_content(answer: requests.Response, head: bytes, wanted: Wanted) -> None:
    """Refuse a web page in place of the file, and whatever begins otherwise than it should."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if kind == "text/html" or head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        title = re.search(rb"<title>(.*?)</title>", head, re.DOTALL | re.IGNORECASE)
        said = html.unescape(title[1].decode("utf-8", "replace")).strip() if title else ""
        raise RefusedError(f"expected {wanted.path.name}, got a web page {said[:80]!r}")
    if wanted.magic and not head.startswith(wanted.magic):
        raise RefusedError(f"expected {wanted.path.name}, got a file that begins {head[:8]!r}")


def _check_room(part: Part, total: int | None, start: int) -> None:
    # A part that is written over gives its room back.
    given_back = 0 if start else part.size
    if problem := lacking_room(part.path.parent, (total or 0) - start, given_back=given_back):
        raise RefusedError(problem, everywhere=True)
