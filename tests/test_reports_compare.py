import math
from collections.abc import Mapping

import numpy as np
import pytest

from wespe.judging.metrics.registry import METRICS, Metric
from wespe.reports.compare import (
    best,
    bootstrap_interval,
    by_photo,
    mean_interval,
    paired_differences,
    style,
    verdict,
)
from wespe.results.reading import ImageRow
from wespe.results.records import Statistic


def table(name: str, means: Mapping[str, float | None]) -> dict[str, dict[str, Statistic]]:
    return {method: {name: Statistic(mean=mean, std=0.0, n=1)} for method, mean in means.items()}


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ({"original": 20.0, "enhanced": 21.0}, {"enhanced"}),
        ({"original": 21.0, "enhanced": 20.0}, {"original"}),
        ({"original": 20.001, "enhanced": 19.999, "clahe": 3.0}, {"original", "enhanced"}),
        ({"original": 20.0, "enhanced": 19.0, "target": 99.0}, {"original"}),
        ({"original": 20.0, "enhanced": None, "clahe": math.nan}, set()),
        ({"original": -2.0, "enhanced": -1.0}, {"enhanced"}),
        ({}, set()),
    ],
)
def test_best_is_the_largest_mean_as_printed(
    means: dict[str, float | None], expected: set[str]
) -> None:
    assert best(table("psnr_db", means), "psnr_db") == expected


def test_where_less_is_better_the_smallest_mean_is_best(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = Metric("none:none", True, "Distance", "", "lower")
    monkeypatch.setitem(METRICS, "distance", metric)
    assert best(table("distance", {"original": 1.0, "enhanced": 2.0}), "distance") == {"original"}


@pytest.mark.parametrize("name", ["entropy_bit", "png_bpp", "a_new_metric"])
def test_without_a_direction_none_is_best(name: str) -> None:
    assert best(table(name, {"original": 1.0, "enhanced": 2.0}), name) == frozenset()


def test_an_unknown_metric_is_shown_by_its_name() -> None:
    assert (style("a_new_metric").label, style("psnr_db").unit) == ("a new metric", "dB")


def rows(values: Mapping[str, Mapping[str, float | None]]) -> list[ImageRow]:
    return [
        ImageRow(image, method, image == "same", {"psnr_db": value})
        for image, methods in values.items()
        for method, value in methods.items()
    ]


def test_identical_and_missing_values_are_in_no_difference() -> None:
    photos = by_photo(
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
    n, (difference,) = paired_differences(photos, ["original"])
    assert (n, difference.mean) == (2, 2.0)
    assert difference.interval is None  # two photos are too few for one


def test_without_a_photo_there_is_no_difference() -> None:
    assert paired_differences({}, ["original"]) == (0, [])


def test_interval_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    low, high = bootstrap_interval(values)
    # Of a mean of 400 normal values: 1.96 standard errors; a quantile of 2,000 resamples is
    # good to a few hundredths of that.
    error = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + error, abs=0.1 * error)
    assert bootstrap_interval(values) == (low, high)


def test_verdict_names_sides_intervals_and_what_stays_open() -> None:
    photos = {
        str(number): {
            "original": 18.0,
            "enhanced": 20.0,
            "histogram_match": 20.5,
            "clahe": 20.0 + (-1) ** number,
        }
        for number in range(10)
    }
    text = verdict(*paired_differences(photos, ["original", "histogram_match", "clahe"]))
    assert text.startswith(
        "Enhanced is 2.00 dB above original (95 % interval +2.00 to +2.00), "
        "0.50 dB below histogram match (95 % interval −0.50 to −0.50) and "
        "level with clahe (95 % interval −"
    )
    assert text.endswith(
        "over 10 photos. An interval includes zero: these photos do not tell enhanced from clahe."
    )


def test_one_photo_has_no_interval() -> None:
    n, differences = paired_differences({"a": {"original": 18.0, "enhanced": 17.5}}, ["original"])
    assert verdict(n, differences) == (
        "Enhanced is 0.50 dB below original, over 1 photo. So few photos prove nothing."
    )


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(20, 2, 400)
    interval = mean_interval(list(values))
    assert interval
    half = 1.96 * values.std(ddof=1) / math.sqrt(400)
    # The ends of 2,000 resamples scatter by some 4 % of the interval.
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)
    assert mean_interval([1.0, 2, 3, 4, 5]) is None
