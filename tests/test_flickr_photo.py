"""Photos as a search tells of them: types that vary, values that lack, and what is wanted."""

from typing import Any

import pytest

from tests.flickr import photo, settings
from wespe.data.flickr.photo import (
    FlickrPhoto,
    Size,
    objection,
    parse,
    plain,
    restore,
    to_fetch,
    whole,
)

RECORD: dict[str, Any] = {
    "id": "501",
    "owner": "12@N00",
    "ownername": "ann",
    "title": "Rain",
    "license": "4",
    "dateupload": "1515869448",
    "datetaken": "2018-01-13 10:00:00",
    "views": "812",
    "count_faves": "37",
    "media": "photo",
    "pathalias": "ann-photos",
    "o_width": "5184",
    "o_height": "3456",
    "url_l": "http://localhost/501_a_b.jpg",
    "width_l": "1024",
    "height_l": 683,
    "url_h": "http://localhost/501_b_h.jpg",
    "width_h": 1600,
    "height_h": "1067",
}


def parsed(**values: Any) -> FlickrPhoto:
    found = parse({**RECORD, **values})
    assert found
    return found


def test_text_and_numbers_give_the_same_photo() -> None:
    as_text = parsed()
    as_numbers = parsed(license=4, dateupload=1515869448, views=812, count_faves=37, o_width=5184)
    assert as_text == as_numbers
    assert (as_text.views, as_text.faves, as_text.licence) == (812, 37, "by")
    assert as_text.score == pytest.approx(37 / 812)
    assert as_text.page == "https://www.flickr.com/photos/ann-photos/501/"
    assert as_text.largest == Size(5184, 3456, None)


@pytest.mark.parametrize("value", [None, "", "many", [], {}, True, "-1"])
def test_what_is_no_number_counts_as_missing(value: Any) -> None:
    assert parsed(count_faves=value).faves is None
    assert whole(value) is None


def test_a_missing_count_is_not_zero() -> None:
    record = {key: value for key, value in RECORD.items() if key != "count_faves"}
    found = parse(record)
    assert found
    assert found.faves is None
    assert parsed(count_faves="0").faves == 0


@pytest.mark.parametrize("lacking", ["id", "owner"])
def test_no_photo_without_id_and_owner(lacking: str) -> None:
    assert parse({**RECORD, lacking: ""}) is None


def test_videos_are_no_photos() -> None:
    assert parse({**RECORD, "media": "video"}) is None


def test_without_an_alias_the_page_has_the_owners_number() -> None:
    assert parsed(pathalias=None).page == "https://www.flickr.com/photos/12@N00/501/"


def test_a_licence_of_another_number_is_kept_by_its_number() -> None:
    assert parsed(license="16").licence == "licence-16"


def test_a_journal_gives_the_photo_back() -> None:
    import json

    found = parsed()
    assert restore(json.loads(json.dumps(plain(found)))) == found


URL = "http://localhost/1.jpg"


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(1024, 683), (1600, 1067), (2048, 1365), (6000, 4000)], (1600, 1067)),
        ([(1067, 1600), (4000, 6000)], (1067, 1600)),
        # A panorama: wide enough, too low until the original.
        ([(1600, 400), (2048, 512), (8000, 2000)], (8000, 2000)),
        ([(1024, 683)], None),
    ],
)
def test_the_smallest_size_that_needs_no_enlarging_is_fetched(
    sizes: list[tuple[int, int]], chosen: tuple[int, int] | None
) -> None:
    shown = photo(1, sizes=tuple(Size(*size, URL) for size in sizes))
    fetched = to_fetch(shown, settings())
    assert (fetched and fetched[:2]) == chosen


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"sizes": (Size(1200, 1600, URL),)}, None),
        ({"sizes": ()}, "no size given"),
        ({"sizes": (Size(2000, 1199, URL),)}, "smaller than 1600×1200 px"),
        ({"sizes": (Size(1599, 1599, URL),)}, "smaller than 1600×1200 px"),
        # The original counts for the size, but may not be fetched, and the rest is small.
        (
            {"sizes": (Size(1024, 768, URL), Size(4000, 3000, None))},
            "not available in 1280×720 px",
        ),
        ({"licence": "all-rights-reserved"}, "another licence"),
        ({"licence": "licence-16"}, "another licence"),
        ({"views": None}, "views not given"),
        ({"views": 49}, "fewer than 50 views"),
        ({"views": 50}, None),
        # Asked for later, in another way.
        ({"faves": None}, None),
    ],
)
def test_what_is_wanted(values: dict[str, Any], reason: str | None) -> None:
    assert objection(photo(1, **values), settings()) == reason
