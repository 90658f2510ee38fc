"""Photos that are taken out of a dataset for good, as photographers ask."""

import re
from collections.abc import Iterable
from pathlib import Path

from wespe.core.files import atomic_file


def read_removed(path: Path) -> frozenset[str]:
    """The ids on the list of removed photos: one a line, `#` begins a comment.

    Raises ValueError for a list that is not there, or a line that is no id.
    """
    return frozenset(_read(path)[1])


def remove(path: Path, photos: Iterable[str], *, raw: Path) -> list[Path]:
    """Put photos on the list `path` and delete their pictures below `raw`; returns those deleted.

    `photos` are ids or addresses of photo pages. The list comes first, so that a crawl that runs
    cannot bring a photo back. A list that would stay as it is is not written. Raises ValueError for
    what is neither.
    """
    comments, listed = _read(path)
    ids = {photo_id(photo) for photo in photos}
    if ids - set(listed):
        with atomic_file(path) as temporary:
            lines = [*comments, *sorted({*listed, *ids}, key=int)]
            temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    names = [name for identity in ids for name in (f"{identity}.jpg", f".{identity}.download")]
    deleted = [file for name in names for file in raw.glob(f"*/{name}")]
    for file in deleted:
        file.unlink()
    return deleted


def _read(path: Path) -> tuple[list[str], list[str]]:
    """The comments and the ids of a list."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError as error:
        raise ValueError(
            f"{path}: expected the list of removed photos, found no file; "
            "an empty file means that none are removed"
        ) from error
    comments = [line for line in lines if line.startswith("#")]
    ids = [line.strip() for line in lines if line.strip() and line not in comments]
    for identity in ids:
        if not re.fullmatch(r"\d+", identity, re.ASCII):
            raise ValueError(f"{path}: expected one photo id per line, got {identity!r}")
    return comments, ids


def photo_id(text: str) -> str:
    """The id in an id or in the address of a photo's page."""
    match = re.fullmatch(r"(?:https?://(?:www\.)?flickr\.com/photos/[^/]+/)?(\d+)(?:/.*)?", text)
    if not match:
        raise ValueError(f"expected the id of a photo or the address of its page, got {text!r}")
    return match[1]
