"""The crawl: exactly the emulator's photos, killed or not, and hardly a call too many."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.flickr import service, settings, truth, without_faves
from tests.flickr_emulator import Emulator, Faults, make_catalogue
from wespe.data.flickr import FlickrSettings
from wespe.data.flickr.crawl import Collection, Service, collect
from wespe.data.flickr.journal import CrawlJournal
from wespe.data.flickr.photo import FlickrPhoto
from wespe.data.flickr.source import identity
from wespe.data.flickr.windows import Page, Window


class Killed(BaseException):
    """What stops a crawl here; nothing catches it."""


class Fate:
    """Kills at the n-th moment that someone asks, and then no more."""

    def __init__(self, moments: int | None = None) -> None:
        self.left = moments
        self.lock = threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            if self.left is None:
                return
            self.left -= 1
            if self.left == 0:
                raise Killed


class Mortal:
    """A service whose crawl may be killed before a call, and after it with its answer lost."""

    def __init__(self, inner: Service, fate: Fate) -> None:
        self.inner, self.fate = inner, fate

    def search(self, query: Mapping[str, object], window: Window, page: int) -> Page:
        self.fate()
        answer = self.inner.search(query, window, page)
        self.fate()
        return answer

    def faves(self, photo_id: str) -> int | None:
        self.fate()
        answer = self.inner.faves(photo_id)
        self.fate()
        return answer


class Shelf:
    """Pictures that are only counted; what was fetched stays, as files do."""

    def __init__(self) -> None:
        self.fetched: Counter[str] = Counter()
        self.fate = Fate()

    def fetch(self, photo: FlickrPhoto) -> str | None:
        if not self.fetched[photo.id]:
            self.fate()
            self.fetched[photo.id] += 1
            self.fate()
        return None


def run(
    wanted: FlickrSettings,
    folder: Path,
    asked: Service,
    fetch: Callable[[FlickrPhoto], str | None] = lambda photo: None,
    removed: frozenset[str] = frozenset(),
) -> Collection:
    return collect(
        wanted,
        service=asked,
        journal=CrawlJournal(folder / "journal.jsonl", identity(wanted)),
        fetch=fetch,
        removed=removed,
        report=lambda line: None,
    )


def faves(collection: Collection) -> dict[str, int | None]:
    return {photo.id: photo.faves for photo in collection.photos}


@pytest.mark.slow
def test_killed_at_20_random_points_it_ends_with_exactly_the_emulators_photos(
    tmp_path: Path,
) -> None:
    """Kills are injected, at any call, before or after it, at pictures, and while writing.

    `benchmarks/flickr.py` does the same with 16,000 photos and SIGKILL.
    """
    catalogue = make_catalogue(7000, seed=3)
    draw = random.Random(0)
    shelf, kills = Shelf(), 0
    with Emulator(catalogue) as emulator:
        expected = truth(catalogue, settings(), pictures=False)
        assert len(expected) > 3500
        wanted = settings(service=emulator.service, train=len(expected) - 800)
        client = service(emulator, tmp_path)
        while kills < 20:
            at_picture = kills % 4 == 3
            calls = Fate(None if at_picture else draw.randint(1, 14))
            shelf.fate = Fate(draw.randint(1, 400) if at_picture else None)
            try:
                collection = run(wanted, tmp_path, Mortal(client, calls), shelf.fetch)
                pytest.fail(f"the crawl ended after {kills} kills")
            except Killed:
                kills += 1
            if draw.random() < 0.5:
                with (tmp_path / "journal.jsonl").open("ab") as stream:
                    stream.write(b'{"page":[14516064')
        shelf.fate = Fate()
        collection = run(wanted, tmp_path, Mortal(client, Fate()), shelf.fetch)
        found = emulator.answers.matching({"tags": "street", "license": wanted.query()["license"]})
    assert faves(collection) == expected
    # No picture twice; of the calls, those in flight at a kill once more.
    assert shelf.fetched == Counter(expected.keys())
    asked_for = without_faves(catalogue, wanted)
    assert asked_for <= emulator.calls["flickr.photos.getFavorites"] <= asked_for + 20
    least = -(-len(found) // 500)
    assert least <= emulator.calls["flickr.photos.search"] <= 1.5 * least + 20
    assert emulator.calls.total() == client.calls


def test_a_crawl_that_is_done_asks_nothing(tmp_path: Path) -> None:
    with Emulator(make_catalogue(600, seed=1)) as emulator:
        wanted = settings(service=emulator.service, train=100, validation=5, test=5)
        first = run(wanted, tmp_path, service(emulator, tmp_path))
        assert emulator.calls.total() > 0
        emulator.calls.clear()
        again = run(wanted, tmp_path, service(emulator, tmp_path))
        assert emulator.calls.total() == 0
    assert again == first
    assert len(first.photos) == wanted.wanted


@pytest.mark.slow
def test_a_service_that_fails_now_and_then_changes_nothing(tmp_path: Path) -> None:
    catalogue = make_catalogue(6000, seed=2)
    expected = truth(catalogue, settings(), pictures=False)
    faults = Faults(errors=0.3, slow=0.1, slow_s=0.001, seed=1)
    with Emulator(catalogue, faults=faults) as emulator:
        wanted = settings(service=emulator.service, train=len(expected) - 800)
        client = service(emulator, tmp_path)
        collection = run(wanted, tmp_path, client)
    assert faves(collection) == expected
    assert client.calls > 1.2 * (sum(gave.pages for gave in collection.windows.values()) + 1)


def test_the_crawl_stops_where_it_has_enough(tmp_path: Path) -> None:
    with Emulator(make_catalogue(9000, seed=2)) as emulator:
        wanted = settings(service=emulator.service, train=100, validation=0, test=0)
        collection = run(wanted, tmp_path, service(emulator, tmp_path))
        assert len(collection.photos) == 100
        assert emulator.calls["flickr.photos.search"] == 2  # the year, and one window of it


@pytest.mark.slow
def test_more_photos_begin_with_the_same_ones_and_another_seed_has_others(tmp_path: Path) -> None:
    orders = {}
    sizes: dict[str, dict[str, Any]] = {
        "few": {"train": 100, "validation": 0, "test": 0},
        "many": {"train": 500},
        "other": {"train": 100, "seed": 1},
    }
    with Emulator(make_catalogue(9000, seed=2)) as emulator:
        for key, values in sizes.items():
            wanted = settings(service=emulator.service, **values)
            found = run(wanted, tmp_path / key, service(emulator, tmp_path))
            orders[key] = [photo.id for photo in found.photos]
    assert orders["many"][:100] == orders["few"]
    assert orders["other"][:100] != orders["few"]


def test_each_photo_that_is_not_there_has_its_reason(tmp_path: Path) -> None:
    catalogue = make_catalogue(3000, seed=5)
    with Emulator(catalogue) as emulator:
        wanted = settings(service=emulator.service, train=10_000, licences=("by", "cc0"))
        collection = run(
            wanted,
            tmp_path,
            service(emulator, tmp_path),
            lambda photo: "gone: Flickr sent a placeholder" if int(photo.id) % 3 == 0 else None,
        )
    expected = truth(catalogue, wanted, pictures=False)
    assert faves(collection).keys() == {key for key in expected if int(key) % 3}
    reasons = Counter(collection.left_out.values())
    assert reasons["gone: Flickr sent a placeholder"] == sum(int(key) % 3 == 0 for key in expected)
    assert collection.unwanted["fewer than 50 views"] > 0
    assert collection.unwanted["smaller than 1600×1200 px"] > 0
    # Every photo is counted once: kept, left out or unwanted.
    shown = sum(gave.found for gave in collection.windows.values())
    counted = len(collection.photos) + len(collection.left_out) + collection.unwanted.total()
    assert shown == counted
    # The service's own total counts the repeats.
    assert all(gave.total >= gave.found for gave in collection.windows.values())
    assert any(gave.total > gave.found for gave in collection.windows.values())


def test_removed_photos_keep_their_place_and_are_not_asked_for(tmp_path: Path) -> None:
    catalogue = make_catalogue(1200, seed=1)
    with Emulator(catalogue) as emulator:
        wanted = settings(service=emulator.service, train=100, validation=0, test=0)
        before = [
            photo.id for photo in run(wanted, tmp_path / "a", service(emulator, tmp_path)).photos
        ]
        removed = frozenset(before[3:6])
        fetched: list[str] = []
        after = run(
            wanted,
            tmp_path / "b",
            service(emulator, tmp_path),
            lambda photo: fetched.append(photo.id),
            removed,
        )
    assert [photo.id for photo in after.photos] == before
    assert set(fetched) == set(before) - removed
