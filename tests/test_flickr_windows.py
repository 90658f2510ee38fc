"""Windows of upload time: they tile, they are split below the cap, and their order is seeded."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

import pytest

from tests.flickr import photo
from wespe.data.flickr.windows import CAP, PER_PAGE, Page, Window, search_all

ALL = Window(0, 9999)


class Uploads:
    """Photos by their second of upload; remembers what it was asked."""

    def __init__(self, seconds: list[int]) -> None:
        self.seconds = sorted(seconds)
        self.asked: list[tuple[Window, int]] = []

    def ask(self, window: Window, page: int) -> Page:
        self.asked.append((window, page))
        inside = range(
            bisect_left(self.seconds, window.first), bisect_right(self.seconds, window.last)
        )
        start = (page - 1) * PER_PAGE
        shown = inside[:CAP][start : start + PER_PAGE]
        return Page(len(inside), [photo(number) for number in shown])

    def found(self, seed: int = 0) -> list[str]:
        pages = search_all(ALL, self.ask, seed=seed)
        return [shown.id for _, page in pages for shown in page.photos]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 100, 5000])
def test_parts_tile_the_window(parts: int) -> None:
    window = Window(10, 109)
    cut = window.split(parts)
    assert len(cut) == min(parts, 100)
    assert (cut[0].first, cut[-1].last) == (10, 109)
    assert all(one.last + 1 == other.first for one, other in pairwise(cut))
    lengths = {part.seconds for part in cut}
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1


def test_few_photos_need_no_split_and_no_call_too_many() -> None:
    uploads = Uploads(list(range(1001)))
    assert len(set(uploads.found())) == 1001
    assert uploads.asked == [(ALL, 1), (ALL, 2), (ALL, 3)]


@pytest.mark.parametrize("seed", [0, 1])
def test_no_photo_is_lost_or_shown_twice_however_crowded_an_hour_is(seed: int) -> None:
    even = list(range(0, 10_000))
    crowded = [5000 + number % 7 for number in range(20_000)]
    uploads = Uploads(even + crowded)
    found = uploads.found(seed)
    assert len(found) == len(set(found)) == 30_000
    assert max(page for _, page in uploads.asked) <= CAP // PER_PAGE


def test_a_second_with_more_than_the_cap_shows_as_many_as_it_can() -> None:
    uploads = Uploads([17] * 4100 + [9000])
    found = uploads.found()
    assert len(set(found)) == 4001


def test_a_window_without_photos_costs_one_call() -> None:
    uploads = Uploads([])
    assert uploads.found() == []
    assert len(uploads.asked) == 1


def test_the_order_depends_on_the_seed_alone() -> None:
    seconds = [number % 10_000 for number in range(20_000)]
    first, again, other = (Uploads(seconds).found(seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other)
