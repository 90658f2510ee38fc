"""The emulator: the traits of Flickr that it is there for."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.flickr_emulator import KEY, Emulator, make_catalogue
from tests.flickr_emulator.__main__ import serve
from tests.flickr_emulator.catalogue import TRAITS

CATALOGUE = make_catalogue(12_000, seed=0)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(CATALOGUE) as running:
        yield running


def call(emulator: Emulator, method: str = "photos.search", **values: Any) -> dict[str, Any]:
    """A call without flickrapi, as anyone may make it."""
    known = {"method": f"flickr.{method}", "api_key": KEY, "format": "json", "tags": "street"}
    response = requests.get(emulator.service, params={**known, **values}, timeout=10)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [photo["id"] for photo in answer["photos"]["photo"]]


def test_the_same_seed_gives_the_same_photos() -> None:
    assert make_catalogue(12_000, seed=0) == CATALOGUE
    assert make_catalogue(100, seed=1) != make_catalogue(100, seed=2)
    counts = Counter(photo.trait for photo in CATALOGUE)
    for trait, share in TRAITS.items():
        assert counts[trait] == pytest.approx(share * len(CATALOGUE), rel=0.5)


def test_beyond_4000_results_pages_come_again(emulator: Emulator) -> None:
    pages = [ids(call(emulator, per_page=500, page=number)) for number in range(1, 12)]
    assert len({photo for page in pages[:8] for photo in page}) > 3900
    assert pages[8:] == pages[:3]
    assert int(call(emulator)["photos"]["total"]) > 12_000
    assert ids(call(emulator, per_page=500, page=1000)) == []


def test_a_search_repeats_photos_even_within_the_cap(emulator: Emulator) -> None:
    found = ids(call(emulator, per_page=500))
    assert len(found) == 500
    assert 0 < len(found) - len(set(found)) < 10


def test_dates_are_inclusive_and_licences_and_tags_filter(emulator: Emulator) -> None:
    one = next(photo for photo in CATALOGUE if "street" in photo.tags)
    dates: dict[str, Any] = {"min_upload_date": one.uploaded, "max_upload_date": one.uploaded}
    assert str(one.id) in ids(call(emulator, **dates))
    assert str(one.id) in ids(call(emulator, **dates, license=f"{one.licence},9"))
    assert str(one.id) not in ids(call(emulator, **dates, license=(one.licence + 1) % 11))
    assert ids(call(emulator, tags="nowhere")) == []
    both, either = (
        int(call(emulator, tags="street,city", tag_mode=mode)["photos"]["total"])
        for mode in ("all", "any")
    )
    assert both < either


def test_only_extras_that_are_asked_for_come_and_types_are_mixed(emulator: Emulator) -> None:
    plain = call(emulator)["photos"]["photo"][0]
    assert not {"views", "count_faves", "url_h", "license"} & plain.keys()
    extras = "views,count_faves,url_h,license,o_dims"
    photos = call(emulator, extras=extras, per_page=500)["photos"]["photo"]
    assert {type(photo["views"]) for photo in photos} == {int, str}
    assert any("count_faves" not in photo for photo in photos)
    assert any("url_h" not in photo for photo in photos)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"api_key": "x"}, 100),
        ({"api_key": "0" * 32}, 100),
        ({"format": "soap"}, 111),
        ({"method": "photos.delete"}, 112),
        ({"tags": ""}, 3),
        ({"min_upload_date": 2, "max_upload_date": 1}, 18),
        ({"method": "photos.getFavorites", "photo_id": "1"}, 1),
    ],
)
def test_errors_come_with_status_200_and_a_code(
    emulator: Emulator, values: dict[str, Any], code: int
) -> None:
    answer = call(emulator, **values)
    assert (answer["stat"], answer["code"]) == ("fail", code)


def test_a_list_of_faves_has_their_number(emulator: Emulator) -> None:
    loved = max(CATALOGUE, key=lambda photo: photo.faves)
    answer = call(emulator, "photos.getFavorites", photo_id=loved.id, per_page=100)["photo"]
    assert (answer["total"], len(answer["person"])) == (str(loved.faves), 50)


def test_pictures_redirect_where_there_is_none(emulator: Emulator) -> None:
    response = requests.get(f"{emulator.address}/65535/1_0_b.jpg", timeout=10)
    assert response.url.endswith("photo_unavailable.png")
    assert response.headers["Content-Type"] == "image/png"
    # No two answers of one picture differ.
    photo = call(emulator, extras="url_c")["photos"]["photo"][0]
    first, second = (requests.get(photo["url_c"], timeout=10).content for _ in range(2))
    assert first == second


def test_the_command_says_what_a_crawl_needs(capsys: pytest.CaptureFixture[str]) -> None:
    def until() -> None:
        printed = capsys.readouterr().out
        assert f"export FLICKR_API_KEY={KEY}" in printed
        service = re.search(r"service: (\S+)", printed)
        assert service
        parameters = {"method": "flickr.photos.search", "format": "json", "tags": "street"}
        answer = requests.get(service[1], params={**parameters, "api_key": KEY}, timeout=10).json()
        assert answer["photos"]["total"] == "50"

    serve(port=0, photos=50, seed=0, faults=0, until=until)


def test_better_photos_have_more_faves_a_view() -> None:
    seen = [photo for photo in CATALOGUE if photo.views >= 100]
    better = [photo.faves / photo.views for photo in seen if photo.quality > 0.5]
    others = [photo.faves / photo.views for photo in seen if photo.quality <= 0.5]
    assert sum(better) / len(better) > 2 * sum(others) / len(others)
