"""The dataset: owners in one part each, labels by the training median, tables that say it all."""

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.flickr import photo
from wespe.data.flickr import licences
from wespe.data.flickr.dataset import Part, Row, build, split_by_owner, write_tables
from wespe.data.flickr.photo import FlickrPhoto

SIZES: dict[Part, int] = {"train": 800, "validation": 100, "test": 100}


def crowd(count: int = 1000) -> list[FlickrPhoto]:
    """Photos of owners of whom some have a hundred."""
    draw = random.Random(0)
    return [
        photo(
            number,
            owner=f"{int(draw.paretovariate(0.4)) % 400}@N00",
            views=1000,
            faves=draw.randrange(200),
        )
        for number in range(1, count + 1)
    ]


def parts_of(rows: list[Row]) -> dict[str, Part]:
    return {row.photo.id: row.part for row in rows}


def test_the_parts_are_of_their_size_and_share_no_owner() -> None:
    rows, _ = build(crowd(), SIZES, removed=frozenset(), seed=0)
    assert Counter(row.part for row in rows) == SIZES
    owners = {part: {row.photo.owner for row in rows if row.part == part} for part in SIZES}
    assert not owners["train"] & owners["test"]
    assert not owners["train"] & owners["validation"]
    assert not owners["validation"] & owners["test"]


def test_no_owner_is_more_than_a_tenth_of_a_small_part() -> None:
    rows, _ = build(crowd(), SIZES, removed=frozenset(), seed=0)
    for part in ("validation", "test"):
        counts = Counter(row.photo.owner for row in rows if row.part == part)
        assert max(counts.values()) <= 10
    assert max(Counter(found.owner for found in crowd()).values()) > 50


def test_the_split_is_seeded_and_knows_no_order() -> None:
    photos = crowd()
    split = split_by_owner(photos, SIZES, seed=0)
    assert split_by_owner(photos[::-1], SIZES, seed=0) == split
    assert split_by_owner(photos, SIZES, seed=1) != split


def test_labels_are_the_median_split_of_the_training_part_by_hand() -> None:
    train = [
        photo(number, owner="a", views=100, faves=faves)
        for number, faves in enumerate((0, 2, 4, 90), 1)
    ]
    test = [
        photo(number, owner=f"t{number}", views=50, faves=faves)
        for number, faves in ((8, 1), (9, 2))
    ]
    rows, median = build(
        [*test, *train], {"train": 4, "validation": 0, "test": 2}, removed=frozenset(), seed=0
    )
    assert median == pytest.approx(0.03)  # between 2 and 4 of a hundred
    labels = [(row.photo.id, row.part, row.label) for row in rows]
    assert labels == [
        *(("1", "train", 0), ("2", "train", 0), ("3", "train", 1), ("4", "train", 1)),
        # 1 of 50 is 0.02, 2 of 50 is 0.04.
        *(("8", "test", 0), ("9", "test", 1)),
    ]


def test_the_median_itself_is_below() -> None:
    photos = [photo(number, owner="a", views=100, faves=5) for number in range(1, 4)]
    rows, median = build(
        photos, {"train": 3, "validation": 0, "test": 0}, removed=frozenset(), seed=0
    )
    assert (median, [row.label for row in rows]) == (0.05, [0, 0, 0])


def test_half_of_the_training_part_is_above() -> None:
    rows, _ = build(crowd(), SIZES, removed=frozenset(), seed=0)
    share = sum(row.label for row in rows if row.part == "train") / SIZES["train"]
    assert 0.48 <= share <= 0.5


def test_taking_photos_out_moves_no_other() -> None:
    photos = crowd()
    before, _ = build(photos, SIZES, removed=frozenset(), seed=0)
    removed = {row.photo.id for row in before[::50]}
    after, _ = build(photos, SIZES, removed=removed, seed=0)
    kept = {key: part for key, part in parts_of(before).items() if key not in removed}
    assert parts_of(after) == kept
    assert len(before) - len(after) == len(removed) == 20


def test_a_part_that_no_owner_fits_into_is_an_error() -> None:
    photos = [photo(number, owner="a") for number in range(1, 60)]
    with pytest.raises(
        ValueError, match="expected 9 photos for validation, got none: the 59 photos are of 1 phot"
    ):
        build(photos, {"train": 41, "validation": 9, "test": 9}, removed=frozenset(), seed=0)


def test_the_tables(tmp_path: Path) -> None:
    shown = photo(7, views=200, faves=3, title='Rain, "heavy"', licence="by-nc-sa", uploaded=0)
    write_tables(tmp_path, [Row(shown, "test", 1)], {"7": Path("raw/1280x720/7.jpg")})
    (faves,) = read(tmp_path / "faves.csv")
    assert faves == {
        "id": "7",
        "file": "raw/1280x720/7.jpg",
        "split": "test",
        "label": "1",
        "score": "0.015",
        "faves": "3",
        "views": "200",
        "owner": "7@N00",
        "licence": "by-nc-sa",
        "uploaded": "1970-01-01 00:00:00",
        "taken": "2016-01-01 10:00:00",
        "width_px": "1600",
        "height_px": "1200",
        "page": "https://www.flickr.com/photos/ann/7/",
    }
    (attribution,) = read(tmp_path / "attribution.csv")
    assert attribution == {
        "id": "7",
        "title": 'Rain, "heavy"',
        "photographer": "ann",
        "page": "https://www.flickr.com/photos/ann/7/",
        "licence": "by-nc-sa",
        "licence_page": "https://creativecommons.org/licenses/by-nc-sa/2.0/",
        "changes": "cropped and resized",
    }


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_licence_has_its_number_and_its_page() -> None:
    assert [licences.number(name) for name in licences.NAMES] == list(range(11))
    assert [licences.name_of(number) for number in (0, "4", "9", 10)] == [
        *("all-rights-reserved", "by", "cc0", "public-domain-mark")
    ]
    assert all(licences.page(name).startswith("https://") for name in licences.NAMES)
    assert licences.page("licence-16") == ""
