"""Photos that are taken out of a dataset for good, as photographers ask."""

import re
from collections.abc import Iterable
from pathlib import Path

from wespe.files import atomic_file

LIST = "removed.txt"


def read_removed(folder: Path) -> frozenset[str]:
    """The ids in `removed.txt` of a crawl's folder, a line each; none without the file."""
    path = folder / LIST
    return frozenset(path.read_text("utf-8").split()) if path.exists() else frozenset()


def remove(folder: Path, photos: Iterable[str]) -> list[Path]:
    """Put photos on the list of those removed and delete their pictures; returns those deleted.

    `photos` are ids or addresses of photo pages. The list comes first, so that a crawl that runs
    cannot bring a photo back. Raises ValueError for what is neither.
    """
    ids = {photo_id(photo) for photo in photos}
    if listed := read_removed(folder) | ids:
        with atomic_file(folder / LIST) as temporary:
            lines = [f"{identity}\n" for identity in sorted(listed, key=int)]
            temporary.write_text("".join(lines), "utf-8")
    names = [name for identity in ids for name in (f"{identity}.jpg", f".{identity}.download")]
    deleted = [path for name in names for path in folder.glob(f"*/{name}")]
    for path in deleted:
        path.unlink()
    return deleted


def photo_id(text: str) -> str:
    """The id in an id or in the address of a photo's page."""
    match = re.fullmatch(r"(?:https?://(?:www\.)?flickr\.com/photos/[^/]+/)?(\d+)(?:/.*)?", text)
    if not match:
        raise ValueError(f"expected the id of a photo or the address of its page, got {text!r}")
    return match[1]
