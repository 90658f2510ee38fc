import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from wespe.reports.page.charts import Point, Series, histogram, line_chart, scatter, smooth


def line(*series: Series) -> ET.Element:
    return ET.fromstring(line_chart(series, x_label="Training step", y_label="Loss", title="T"))


def series(values: list[float]) -> Series:
    return Series("one", np.arange(0.0, 20.0 * len(values), 20.0), np.array(values))


def ticks(chart: ET.Element) -> list[str]:
    return [item.text or "" for item in chart.iter("text") if item.get("class") == "tick"]


def heights(chart: ET.Element, kind: str = "raw") -> list[float]:
    paths = [item.get("d", "") for item in chart.iter("path") if item.get("class") == kind]
    return [float(y) for path in paths for _, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_wide_range_is_logarithmic() -> None:
    chart = line(series([1.0, 10.0, 100.0]))
    assert {"1", "10", "100"} <= set(ticks(chart))
    top, middle, bottom = sorted(heights(chart))
    assert middle - top == pytest.approx(bottom - middle, abs=0.11)
    assert "Loss (log scale)" in "".join(chart.itertext())


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [-1.0, 100.0, 199.0 + 2]])
def test_a_narrow_or_negative_range_is_linear(values: list[float]) -> None:
    chart = line(series(values))
    top, middle, bottom = sorted(heights(chart))
    assert middle - top == pytest.approx(bottom - middle, abs=0.11)
    assert "log scale" not in "".join(chart.itertext())


def test_gaps_where_a_value_is_not_finite() -> None:
    chart = line(series([1.0, 1.1, math.nan, 1.2, math.inf]))
    raw = [item for item in chart.iter("path") if item.get("class") == "raw"]
    assert [item.get("d", "").count("L") for item in raw] == [1, 1]
    assert len(heights(chart)) == 4
    assert "nan" not in ET.tostring(chart, encoding="unicode")


@pytest.mark.parametrize("values", [[], [math.nan, math.nan], [0.5], [0.0, 0.0, 0.0]])
def test_little_or_nothing_to_draw_is_no_error(values: list[float]) -> None:
    assert len(ticks(line(series(values)))) >= 4


def test_long_series_are_thinned_and_keep_their_ends() -> None:
    chart = line(series([1.0 + number / 20000 for number in range(20000)]))
    drawn = heights(chart)
    assert len(drawn) == 800
    assert (max(drawn), min(drawn)) == (208.0, 10.0)


def test_smooth_is_a_moving_mean_without_the_values_that_are_not_finite() -> None:
    ramp = np.arange(75.0)
    assert smooth(ramp)[1:-1] == pytest.approx(ramp[1:-1])  # the window has 75 / 25 = 3 values
    ramp[10] = math.nan
    assert smooth(ramp)[9] == pytest.approx((8 + 9) / 2)
    assert math.isnan(smooth(ramp)[10])
    assert smooth(np.full(100, 2.0)) == pytest.approx(np.full(100, 2.0))


def test_scatter_names_points_and_writes_marks() -> None:
    points = [Point("a<b", 10.0, 12.0, "best"), Point("c", 20.0, 19.0)]
    chart = ET.fromstring(scatter(points, x_label="x", y_label="y", title="T"))
    assert [item.text for item in chart.iter("title")] == ["c: 20.00 → 19.00", "a<b: 10.00 → 12.00"]
    assert "best" in [item.text for item in chart.iter("text")]
    above = {item[0].text: item for item in chart.iter("circle")}["a<b: 10.00 → 12.00"]
    diagonal = next(item for item in chart.iter("line") if item.get("class") == "diagonal")
    (x1, y1), (x2, y2) = (
        [float(diagonal.get(f"{axis}{end}", "")) for axis in "xy"] for end in "12"
    )
    on_line = y1 + (float(above.get("cx", "")) - x1) / (x2 - x1) * (y2 - y1)
    assert float(above.get("cy", "")) < on_line


def test_scatter_of_one_point_or_none() -> None:
    one = scatter([Point("a", 10.0, 10.0)], x_label="x", y_label="y", title="T")
    none = scatter([], x_label="x", y_label="y", title="T")
    assert (one.count("<circle"), none.count("<circle")) == (1, 0)


def test_a_single_dip_does_not_make_a_chart_logarithmic() -> None:
    values = [1.0 + 0.1 * (number % 2) for number in range(100)]
    values[50] = 1e-3
    assert "log scale" not in "".join(line(series(values)).itertext())


def test_a_histogram_outlines_counts_in_shared_bins() -> None:
    # Seven values that are finite: 2 · ∛7 bins would be too few, so five, each 2 wide.
    values = [0.0, 1, 1, 3, 5, 9, 10, math.nan, math.inf]
    both = [
        Series("one", np.array(values), np.empty(0)),
        Series("two", np.array([5.0]), np.empty(0)),
    ]
    chart = ET.fromstring(histogram(both, x_label="score", y_label="photos", title="T"))
    one, two = (item.get("d", "") for item in chart.iter("path"))
    bottom, top = 208.0, 10.0
    heights_one = [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", one)]
    counts = [round(3 * (bottom - y) / (bottom - top), 2) for y in heights_one]
    assert counts == [0, 3, 3, 1, 1, 1, 1, 0, 0, 2, 2, 0]
    places = [float(x) for x, _ in re.findall(r"([\d.]+) ([\d.]+)", two)]
    assert (places[0], places[-1]) == (52.0, 350.0)


def test_histograms_among_others_share_bins_and_scale() -> None:
    few, many = (
        Series(name, np.array(values), np.empty(0))
        for name, values in (("few", [0.4]), ("many", [0.0] * 3 + [1.0]))
    )
    words = {"x_label": "score", "y_label": "photos", "title": "T"}
    chart = ET.fromstring(histogram([few], **words, among=[few, many]))
    (path,) = (item.get("d", "") for item in chart.iter("path"))
    # One photo in the third of five bins, a third of the height of the most that any has.
    assert "L171.2 142.0L230.8 142.0L" in path
    labels = [text.text for text in chart.iter("text") if text.get("class") == "tick"]
    assert labels[:4] == ["0", "1", "2", "3"]


def test_a_histogram_of_nothing_is_empty() -> None:
    chart = histogram([], x_label="score", y_label="photos", title="T")
    assert "<path" not in chart
