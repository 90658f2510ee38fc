"""Line charts and scatter plots as inline SVG; colours and dashes come from the page's CSS."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from wespe.results.score import typeset

# Drawn at the width of a phone, so that labels stay legible there; CSS scales it up.
_WIDTH, _HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 350, 10, 208
_LOG_FROM_RATIO = 30
_LOG_MOST_RATIO = 1e6
_MOST_POINTS = 800

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """A named line; `x` and `y` are float64 `(N,)`, and `y` has gaps where it is not finite."""

    name: str
    x: Values
    y: Values


@dataclass(frozen=True)
class Point:
    """A point of a scatter plot; one with a `mark` is ringed and the mark is written beside it."""

    name: str
    x: float
    y: float
    mark: str = ""


@dataclass(frozen=True)
class _Axis:
    """Data units to pixels."""

    low: float
    high: float
    start_px: float
    end_px: float
    log: bool = False
    whole: bool = False
    """Whether it counts, so that there is nothing to mark between whole numbers."""

    def __call__(self, value: float) -> float:
        low, high = self._scaled(self.low), self._scaled(self.high)
        share = (self._scaled(max(value, self.low)) - low) / (high - low)
        return self.start_px + share * (self.end_px - self.start_px)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def ticks(self) -> list[float]:
        if self.log:
            return _log_ticks(self.low, self.high)
        ticks = _ticks(self.low, self.high)
        return [tick for tick in ticks if tick.is_integer()] if self.whole else ticks


def line_chart(series: Sequence[Series], *, x_label: str, y_label: str, title: str) -> Markup:
    """Every series raw and faint, and smoothed on top.

    The y axis is logarithmic where no value is negative and the positive ones, smoothed, spread
    over a factor of 30 or more. `title` is read out by screen readers. Without a finite value the
    chart is empty.
    """
    smoothed = [smooth(item.y) for item in series]
    y = _loss_axis(_finite([item.y for item in series]), _finite(smoothed))
    x = _Axis(*_span(_finite([item.x for item in series])), _LEFT, _RIGHT)
    svg = _frame(x, y, x_label, y_label + (" (log scale)" if y.log else ""), title)
    for number, (item, means) in enumerate(zip(series, smoothed, strict=True)):
        group = ET.SubElement(svg, "g", {"class": f"series s{number % 8}"})
        for kind, values in (("raw", item.y), ("smooth", means)):
            for path in _paths(x, y, item.x, values):
                ET.SubElement(group, "path", {"class": kind, "d": path})
    return _markup(svg)


def scatter(
    points: Sequence[Point], *, x_label: str, y_label: str, title: str, decimals: int = 2
) -> Markup:
    """Points on equal axes with the diagonal x = y; `decimals`: those of a point's values."""
    low, high = _span(np.array([value for point in points for value in (point.x, point.y)]))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    x, y = _Axis(low, high, _LEFT, _RIGHT), _Axis(low, high, _BOTTOM, _TOP)
    svg = _frame(x, y, x_label, y_label, title)
    _line(svg, "diagonal", (x(low), y(low)), (x(high), y(high)))
    for point in sorted(points, key=lambda point: bool(point.mark)):
        place = {"cx": _px(x(point.x)), "cy": _px(y(point.y)), "r": "5" if point.mark else "3"}
        kind = "point marked" if point.mark else "point"
        circle = ET.SubElement(svg, "circle", {"class": kind, **place})
        ET.SubElement(
            circle, "title"
        ).text = f"{point.name}: {point.x:.{decimals}f} → {point.y:.{decimals}f}"
        if point.mark:
            left_half = x(point.x) < (_LEFT + _RIGHT) / 2
            anchor, shift = ("start", 9) if left_half else ("end", -9)
            _text(svg, x(point.x) + shift, y(point.y) + 4, point.mark, "mark", anchor)
    return _markup(svg)


def histogram(
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    title: str,
    among: Sequence[Series] = (),
) -> Markup:
    """How many of the `x` of each series fall into each of the bins: the first filled, others
    outlined.

    Bins and axes are those of all series of `among`, so that charts can be compared; without it,
    of these. Values that are not finite are left out; `y` is not looked at.
    """
    everything = [item.x[np.isfinite(item.x)] for item in among or series]
    low, high = _span(_finite(everything))
    edges = np.linspace(low, high, _bins(max(map(len, everything), default=0)) + 1)
    most = max((int(np.histogram(item, edges)[0].max()) for item in everything), default=1)
    x, y = _Axis(low, high, _LEFT, _RIGHT), _Axis(0, max(most, 1), _BOTTOM, _TOP, whole=True)
    svg = _frame(x, y, x_label, y_label, title)
    for number, item in enumerate(series):
        count = np.histogram(item.x[np.isfinite(item.x)], edges)[0]
        group = ET.SubElement(svg, "g", {"class": f"series s{number % 8}"})
        heights = [0, *np.repeat(count, 2), 0]
        outline = zip(np.repeat(edges, 2), heights, strict=True)
        path = "M" + "L".join(f"{_px(x(edge))} {_px(y(height))}" for edge, height in outline)
        ET.SubElement(group, "path", {"class": "smooth" if number else "smooth filled", "d": path})
    return _markup(svg)


def _bins(n: int) -> int:
    """Few photos in few bins: twice the cube root of their number (Rice's rule), 5 to 40."""
    return min(40, max(5, math.ceil(2 * math.cbrt(n))))


def smooth(values: Values) -> Values:
    """Centred moving mean over a 25th of the values; those that are not finite are left out."""
    window = max(1, len(values) // 25)
    finite, kernel = np.isfinite(values), np.ones(window)
    if window == 1:
        return values
    sums = np.convolve(np.where(finite, values, 0.0), kernel, "same")
    counts = np.convolve(finite.astype(np.float64), kernel, "same")
    return np.where(finite, sums / np.maximum(counts, 1), np.nan)


def _finite(lines: Sequence[Values]) -> Values:
    return np.concatenate([values[np.isfinite(values)] for values in lines] or [np.empty(0)])


def _loss_axis(values: Values, smoothed: Values) -> _Axis:
    trend = smoothed[smoothed > 0]
    if len(trend) and values.min() >= 0 and trend.max() / trend.min() >= _LOG_FROM_RATIO:
        low, high = float(values[values > 0].min()), float(values.max())
        return _Axis(max(low, high / _LOG_MOST_RATIO), high, _BOTTOM, _TOP, log=True)
    low, high = _span(values)
    return _Axis(low, high, _BOTTOM, _TOP)


def _span(values: Values) -> tuple[float, float]:
    """The lowest and the highest value, one unit apart where they are equal or absent."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, about five."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten; below three decades, 2 and 5 times them as well."""
    factors = (1, 2, 5) if high / low < 1000 else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [factor * 10.0**exponent for exponent in exponents for factor in factors]
    return [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]


def _paths(x: _Axis, y: _Axis, steps: Values, values: Values) -> Iterator[str]:
    """SVG path data, one for each stretch without a gap, thinned to what a screen can show."""
    usable = np.isfinite(values) & ((values > 0) | (not y.log))
    for stretch in np.split(np.arange(len(values)), np.flatnonzero(~usable)):
        stretch = stretch[usable[stretch]]
        if len(stretch) > _MOST_POINTS:
            kept = np.linspace(0, len(stretch) - 1, _MOST_POINTS).round().astype(int)
            stretch = stretch[kept]
        places = [f"{_px(x(steps[index]))} {_px(y(values[index]))}" for index in stretch]
        if places:
            # A line to itself makes a stretch of one point visible.
            yield "M" + "L".join(places if len(places) > 1 else places * 2)


def _frame(x: _Axis, y: _Axis, x_label: str, y_label: str, title: str) -> ET.Element:
    """An SVG with axes, grid lines and labels."""
    view = f"0 0 {_WIDTH} {_HEIGHT}"
    svg = ET.Element("svg", {"class": "chart", "viewBox": view, "role": "img", "aria-label": title})
    for tick in y.ticks():
        _line(svg, "grid", (_LEFT, y(tick)), (_RIGHT, y(tick)))
        _text(svg, _LEFT - 6, y(tick) + 4, _tick_label(tick), "tick", "end")
    for tick in x.ticks():
        _line(svg, "grid", (x(tick), _TOP), (x(tick), _BOTTOM))
        _text(svg, x(tick), _BOTTOM + 16, _tick_label(tick), "tick", "middle")
    _line(svg, "axis", (_LEFT, _BOTTOM), (_RIGHT, _BOTTOM))
    _line(svg, "axis", (_LEFT, _TOP), (_LEFT, _BOTTOM))
    _text(svg, (_LEFT + _RIGHT) / 2, _HEIGHT - 6, x_label, "label", "middle")
    middle = (_TOP + _BOTTOM) / 2
    label = _text(svg, 12, middle, y_label, "label", "middle")
    label.set("transform", f"rotate(-90 12 {_px(middle)})")
    return svg


def _line(svg: ET.Element, kind: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x1, y1), (x2, y2) = start, end
    places = {"x1": _px(x1), "y1": _px(y1), "x2": _px(x2), "y2": _px(y2)}
    ET.SubElement(svg, "line", {"class": kind, **places})


def _text(svg: ET.Element, x: float, y: float, text: str, kind: str, anchor: str) -> ET.Element:
    place = {"class": kind, "x": _px(x), "y": _px(y), "text-anchor": anchor}
    element = ET.SubElement(svg, "text", place)
    element.text = text
    return element


def _tick_label(value: float) -> str:
    return typeset(value, ",.6g")


def _px(value: float) -> str:
    return f"{value:.1f}"


def _markup(svg: ET.Element) -> Markup:
    return Markup(ET.tostring(svg, encoding="unicode"))
