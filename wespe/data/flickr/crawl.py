"""The crawl: windows of time are searched until there are photos enough, and these are fetched.

The order of the photos depends only on the seed and the answers. Everything that was learnt is in
the journal or the folder of pictures, so a crawl that starts again passes quickly over what it did
before, to the same end.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from wespe.data.flickr.journal import CrawlJournal
from wespe.data.flickr.photo import FlickrPhoto, objection
from wespe.data.flickr.settings import FlickrSettings
from wespe.data.flickr.windows import Page, Window, search_all

# Photos under way between two looks at what failed; an error stops the crawl after as many.
_BATCH = 64


class Service(Protocol):
    """What a crawl asks of Flickr."""

    def search(self, query: Mapping[str, object], window: Window, page: int) -> Page: ...

    def faves(self, photo_id: str) -> int | None: ...


@dataclass
class Yield:
    """What a window gave: the total that Flickr states, the pages asked for, and the different
    photos on them that no window before had."""

    total: int
    pages: int = 0
    found: int = 0


@dataclass
class Collection:
    """What a crawl ended with.

    `photos` have faves, and a picture unless they are in the crawl's `removed`; `left_out`: why a
    photo that was wanted could not be had; `unwanted` counts the others by reason.
    """

    photos: list[FlickrPhoto] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    unwanted: Counter[str] = field(default_factory=Counter)
    windows: dict[Window, Yield] = field(default_factory=dict)


def collect(
    settings: FlickrSettings,
    *,
    service: Service,
    journal: CrawlJournal,
    fetch: Callable[[FlickrPhoto], str | None],
    removed: Set[str],
    report: Callable[[str], None] = print,
) -> Collection:
    """The first photos that can be had, as many as the settings want, or all if there are fewer.

    `fetch` gets a photo's picture or returns why it cannot be had; it is called by threads.
    Photos in `removed` keep their place, so that taking one out changes nothing for the others,
    but are not fetched. Raises what `service` and `fetch` raise.
    """
    collection = Collection()
    candidates = _candidates(settings, service, journal, collection)
    with ThreadPoolExecutor(settings.downloads) as pool:
        while missing := settings.wanted - len(collection.photos):
            batch = list(islice(candidates, min(missing, _BATCH)))
            if not batch:
                break
            with_faves = [_with_faves(photo, service, journal, removed) for photo in batch]
            known = [photo for photo in with_faves if photo.faves is not None]
            asked = [
                photo
                for photo in known
                if photo.id not in removed and photo.id not in journal.failures
            ]
            for photo, reason in zip(asked, pool.map(fetch, asked), strict=True):
                if reason:
                    journal.add_failure(photo.id, reason)
            for photo in with_faves:
                _sort_in(photo, collection, journal, removed)
            if asked:
                report(f"{len(collection.photos)} of {settings.wanted} photos")
    return collection


def _candidates(
    settings: FlickrSettings, service: Service, journal: CrawlJournal, collection: Collection
) -> Iterator[FlickrPhoto]:
    """Every photo that is wanted, once; counts the others and what each window gave."""
    query = settings.query()

    def ask(window: Window, page: int) -> Page:
        if (window, page) not in journal.pages:
            journal.add_page(window, page, service.search(query, window, page))
        return journal.pages[window, page]

    seen: set[str] = set()
    for window, page in search_all(Window(*settings.uploaded), ask, seed=settings.seed):
        gave = collection.windows.setdefault(window, Yield(page.total))
        new = {photo.id: photo for photo in page.photos if photo.id not in seen}
        seen.update(new)
        gave.pages += 1
        gave.found += len(new)
        for photo in new.values():
            if reason := objection(photo, settings):
                collection.unwanted[reason] += 1
            else:
                yield photo


def _with_faves(
    photo: FlickrPhoto, service: Service, journal: CrawlJournal, removed: Set[str]
) -> FlickrPhoto:
    """The photo with its faves, from the list of its fans if the search did not state them."""
    if photo.faves is not None:
        return photo
    if photo.id not in journal.faves and photo.id not in removed:
        journal.add_faves(photo.id, service.faves(photo.id))
    return replace(photo, faves=journal.faves.get(photo.id))


def _sort_in(
    photo: FlickrPhoto, collection: Collection, journal: CrawlJournal, removed: Set[str]
) -> None:
    if photo.id in journal.failures:
        collection.left_out[photo.id] = journal.failures[photo.id]
    elif photo.faves is None and photo.id not in removed:
        collection.left_out[photo.id] = "gone: no list of its faves"
    else:
        collection.photos.append(photo)
