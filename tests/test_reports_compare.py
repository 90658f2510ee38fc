import math
from collections.abc import Mapping

import pytest

from wespe.reports.compare import (
    best,
    count_in_words,
    shown,
    verdict,
)
from wespe.results.evaluations import ImageRow, Measured, by_part, by_photo
from wespe.results.score import Score
from wespe.results.statistics import paired_differences

PSNR = Score("PSNR", "dB", "higher", 2)


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ({"original": 20.0, "enhanced": 21.0}, {"enhanced"}),
        ({"original": 21.0, "enhanced": 20.0}, {"original"}),
        ({"original": 20.001, "enhanced": 19.999, "clahe": 3.0}, {"original", "enhanced"}),
        ({"original": 20.0, "enhanced": None, "clahe": math.nan}, set()),
        ({"original": -2.0, "enhanced": -1.0}, {"enhanced"}),
        ({}, set()),
    ],
)
def test_best_is_the_largest_mean_as_printed(
    means: dict[str, float | None], expected: set[str]
) -> None:
    assert best(means, PSNR) == expected


def test_where_less_is_better_the_smallest_mean_is_best() -> None:
    distance = Score("Distance", better="lower")
    assert best({"original": 1.0, "enhanced": 2.0}, distance) == {"original"}


@pytest.mark.parametrize("name", ["entropy_bit", "png_bpp", "a_new_metric"])
def test_without_a_direction_none_is_best(name: str) -> None:
    assert best({"original": 1.0, "enhanced": 2.0}, shown(name)) == frozenset()


def test_an_unknown_metric_is_shown_by_its_name() -> None:
    assert (shown("a_new_metric").label, shown("psnr_db")) == ("a new metric", PSNR)


def rows(values: Mapping[str, Mapping[str, float | None]]) -> list[ImageRow]:
    return [
        ImageRow(image, method, image == "same", {"psnr_db": value})
        for image, methods in values.items()
        for method, value in methods.items()
    ]


def test_identical_and_missing_values_are_in_no_difference() -> None:
    photos = by_part(
        rows(
            {
                "a": {"original": 10.0, "enhanced": 13.0, "target": None},
                "b": {"original": 12.0, "enhanced": 13.0},
                "c": {"original": 12.0, "enhanced": None},
                "d": {"original": math.inf, "enhanced": 13.0},
                "same": {"original": 50.0, "enhanced": 13.0},
            }
        ),
        "psnr_db",
    )
    complete, (difference,) = paired_differences(photos, "enhanced", ["original"])
    assert (complete, difference.mean) == ([Measured("a"), Measured("b")], 2.0)
    assert difference.interval is None  # two photos are too few for one


def test_verdict_names_sides_intervals_and_what_stays_open() -> None:
    photos = {
        Measured(str(number)): {
            "original": 18.0,
            "enhanced": 20.0,
            "histogram_match": 20.5,
            "clahe": 20.0 + (-1) ** number,
        }
        for number in range(10)
    }
    text = verdict(
        *paired_differences(photos, "enhanced", ["original", "histogram_match", "clahe"]), "dB"
    )
    assert text.startswith(
        "Enhanced is 2.00 dB above original (95 % interval +2.00 to +2.00), "
        "0.50 dB below histogram match (95 % interval −0.50 to −0.50) and "
        "level with clahe (95 % interval −"
    )
    assert text.endswith(
        "over 10 photos. "
        "An interval includes zero: these photos do not distinguish enhanced from clahe."
    )


def test_one_photo_has_no_interval() -> None:
    complete, differences = paired_differences(
        {Measured("a"): {"original": 18.0, "enhanced": 17.5}}, "enhanced", ["original"]
    )
    assert verdict(complete, differences, "dB") == (
        "Enhanced is 0.50 dB below original, over 1 photo. So few photos prove nothing."
    )


def test_a_photos_value_is_the_mean_of_its_crops() -> None:
    images = [
        ImageRow("a", "original", identical, {"psnr_db": value}, (number, 0))
        for number, (value, identical) in enumerate([(10.0, False), (14.0, False), (99.0, True)])
    ]
    images += [ImageRow("b", "original", False, {"psnr_db": 7.0}, (0, 0))]
    assert by_photo(images, "psnr_db") == {"a": {"original": 12.0}, "b": {"original": 7.0}}
    assert [*by_part(images, "psnr_db")] == [
        Measured("a", (0, 0)),
        Measured("a", (1, 0)),
        Measured("b", (0, 0)),
    ]


def test_photos_and_crops_are_counted_in_words() -> None:
    assert count_in_words([Measured("a"), Measured("b")]) == "2 photos"
    assert count_in_words([Measured("a", (0, 0))]) == "1 crop of 1 photo"
    assert count_in_words([Measured("a", (0, 0)), Measured("a", (0, 9))]) == "2 crops of 1 photo"
