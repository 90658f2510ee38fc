"""What a crawl has learnt so far: every answer, a line of JSON each, only ever appended to.

A crawl that starts again asks the journal first and the service for the rest. So it goes the same
way as before, whatever stopped it, and asks nothing twice.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wespe.core.files import naming
from wespe.data.flickr.photo import plain, restore
from wespe.data.flickr.windows import Page, Window


class Journal:
    """The journal in the file `path`, of one `query`; a context manager.

    `pages` by window and page; `faves` by photo, None for a photo that is gone; `failures`: why a
    photo's picture cannot be had. Raises ValueError if the file is the journal of another query,
    or damaged elsewhere than at its end, where a crash may have torn the last line.
    """

    def __init__(self, path: Path, query: Mapping[str, Any]) -> None:
        self.pages: dict[tuple[Window, int], Page] = {}
        self.faves: dict[str, int | None] = {}
        self.failures: dict[str, str] = {}
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            self._read(query)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def add_page(self, window: Window, number: int, page: Page) -> None:
        """Remember a page of a window, counted from 1."""
        self._append(
            {
                "page": [window.first, window.last, number],
                "total": page.total,
                "photos": [plain(photo) for photo in page.photos],
            }
        )
        self.pages[window, number] = page

    def add_faves(self, photo_id: str, faves: int | None) -> None:
        """Remember the faves of a photo; None: it is gone."""
        self._append({"faves": photo_id, "count": faves})
        self.faves[photo_id] = faves

    def add_failure(self, photo_id: str, reason: str) -> None:
        """Remember that the picture of a photo cannot be had."""
        self._append({"failure": photo_id, "reason": reason})
        self.failures[photo_id] = reason

    def _append(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with naming(self._path):
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)

    def _read(self, query: Mapping[str, Any]) -> None:
        lines = self._path.read_bytes().split(b"\n")
        torn = lines.pop()  # empty after a whole line
        if torn:
            os.ftruncate(self._file, os.fstat(self._file).st_size - len(torn))
        if not lines:
            self._append({"query": query})
            return
        for number, line in enumerate(lines, 1):
            try:
                self._restore(json.loads(line), query)
            except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
                raise ValueError(
                    f"{self._path}, line {number}: expected a record of a crawl, got {error!r}"
                ) from error

    def _restore(self, record: dict[str, Any], query: Mapping[str, Any]) -> None:
        if "query" in record:
            if record["query"] != query:
                raise ValueError(
                    f"{self._path}: holds the crawl of {json.dumps(record['query'])}, expected "
                    f"{json.dumps(query)}; give the other query a path of its own"
                )
        elif "page" in record:
            first, last, number = record["page"]
            photos = [restore(photo) for photo in record["photos"]]
            self.pages[Window(first, last), number] = Page(record["total"], photos)
        elif "faves" in record:
            self.faves[record["faves"]] = record["count"]
        else:
            self.failures[record["failure"]] = record["reason"]
