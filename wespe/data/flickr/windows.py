"""Windows of upload time, split until a search can see all of each.

Of one query Flickr shows 4,000 photos and no more; further pages repeat earlier ones. So the time
between two dates is cut into windows, and a window that holds more is cut again.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wespe.data.flickr.photo import FlickrPhoto

CAP = 4000
"""Photos that one query shows at most."""
PER_PAGE = 500
"""Photos on a page at most."""
# Half the cap: busy hours rarely need a second cut. Windows come in random order, so smaller ones
# spread the photos more evenly over the dates; larger ones would save a tenth of the calls.
_AIM = 2000


@dataclass(frozen=True)
class Window:
    """The seconds from `first` to `last`, both included, in Unix time."""

    first: int
    last: int

    @property
    def seconds(self) -> int:
        return self.last - self.first + 1

    def split(self, parts: int) -> list["Window"]:
        """The window in as many parts of about one length, at most one for each second."""
        parts = min(parts, self.seconds)
        starts = [self.first + self.seconds * part // parts for part in range(parts + 1)]
        return [Window(start, after - 1) for start, after in pairwise(starts)]


@dataclass(frozen=True)
class Page:
    """A page of a search's answer: how many photos the window is said to hold, and some of them."""

    total: int
    photos: Sequence[FlickrPhoto]


Ask = Callable[[Window, int], Page]
"""Searches a window; pages count from 1."""


def search_all(window: Window, ask: Ask, *, seed: int) -> Iterator[tuple[Window, Page]]:
    """Every page of windows below the cap that together make up `window`, in seeded order.

    The order depends only on the seed and the totals, so a replay of the same answers gives the
    same pages. A single second with more photos than the cap is cut off there.
    """
    first = ask(window, 1)
    if first.total > CAP and window.seconds > 1:
        parts = window.split(max(2, -(-first.total // _AIM)))
        random.Random(f"{seed} {window}").shuffle(parts)
        for part in parts:
            yield from search_all(part, ask, seed=seed)
        return
    yield window, first
    for number in range(2, -(-min(first.total, CAP) // PER_PAGE) + 1):
        yield window, ask(window, number)
