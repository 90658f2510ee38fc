"""What a crawl has learnt so far: every answer of the service, in an append-only journal.

A crawl that starts again asks the journal first and the service for the rest. So it goes the same
way as before, whatever stopped it, and asks nothing twice.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wespe.core.journal import Journal
from wespe.data.flickr.photo import plain, restore
from wespe.data.flickr.windows import Page, Window


class CrawlJournal:
    """The answers in the file `path`, of one `query`.

    `pages` by window and page; `faves` by photo, None for a photo that is gone; `failures`: why a
    photo's picture cannot be had. Raises ValueError if the file belongs to another query, or is
    damaged elsewhere than at its end, where a crash may have torn the last line.
    """

    def __init__(self, path: Path, query: Mapping[str, Any]) -> None:
        self.pages: dict[tuple[Window, int], Page] = {}
        self.faves: dict[str, int | None] = {}
        self.failures: dict[str, str] = {}
        self._journal = Journal(path, {"query": query})
        for number, record in enumerate(self._journal.records, 2):
            try:
                self._restore(record)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{path}, line {number}: expected a record of a crawl, got {error!r}"
                ) from error

    def add_page(self, window: Window, number: int, page: Page) -> None:
        """Remember a page of a window, counted from 1."""
        self._journal.append(
            {
                "page": [window.first, window.last, number],
                "total": page.total,
                "photos": [plain(photo) for photo in page.photos],
            }
        )
        self.pages[window, number] = page

    def add_faves(self, photo_id: str, faves: int | None) -> None:
        """Remember the faves of a photo; None: it is gone."""
        self._journal.append({"faves": photo_id, "count": faves})
        self.faves[photo_id] = faves

    def add_failure(self, photo_id: str, reason: str) -> None:
        """Remember that the picture of a photo cannot be had."""
        self._journal.append({"failure": photo_id, "reason": reason})
        self.failures[photo_id] = reason

    def _restore(self, record: dict[str, Any]) -> None:
        if "page" in record:
            first, last, number = record["page"]
            photos = [restore(photo) for photo in record["photos"]]
            self.pages[Window(first, last), number] = Page(record["total"], photos)
        elif "faves" in record:
            self.faves[record["faves"]] = record["count"]
        else:
            self.failures[record["failure"]] = record["reason"]
