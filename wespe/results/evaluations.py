"""What an evaluation writes: a row per photo or crop and method, and the means."""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from wespe.results.agreement import WithPeople
from wespe.results.csv_file import read_csv
from wespe.results.index import Skipped
from wespe.results.means import DECIMALS, Mean, mean_of
from wespe.results.record import Record

_KEYS = ("image", "method", "identical")
_CORNER = ("y", "x")


ByPhoto = Mapping[str, Mapping[str, float]]
"""Photo → method → value, of a photo with crops their mean."""


@dataclass(frozen=True, kw_only=True)
class MetricMean(Mean):
    """A metric over the photos of an evaluation, or over their crops if it has `n_crops`. What
    equals its reference is left out."""

    n_infinite: int = 0
    """The number of those with an infinite PSNR, which are left out."""


@dataclass(frozen=True, kw_only=True)
class Extremes(Record):
    """The photos that gained least and most from the enhancement, at most two each."""

    metric: str | None = None
    """The metric that they are chosen by; null if there are no such photos."""
    worst: tuple[str, ...] = ()
    """The photos that gained least, the smallest gain first."""
    best: tuple[str, ...] = ()
    """The photos that gained most, the largest gain first."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSummary(Record):
    """The summary of an evaluation. Methods are `original`, `enhanced`, names of baselines, and
    `target`, which is the references themselves."""

    what: ClassVar[str] = "an evaluation's summary"
    where: ClassVar[str] = "results/evaluations/NAME/summary.json"

    evaluation: str
    """The name of the evaluation in the settings."""
    pair: str
    """The pair whose network was evaluated."""
    network: str
    """The hash of the network's file."""
    engine: str
    """What ran the network, such as `torch-cpu-fp32`."""
    photos: str
    """The source of the test photos."""
    photos_sha256: str
    """The SHA-256 of their names and hashes, which identifies their version."""
    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels come from a camera simulation."""
    scale: int = 1
    """How many times as wide and high the network makes photos. Above 1 photos were made smaller
    first by bicubic and are their own references, without a border of so many px; `original` is the
    small photo, enlarged by bicubic."""
    n_images: int
    """The number of photos enhanced and measured."""
    n_crops: int = 0
    """The number of crops of these photos that were measured, each against its own reference; 0 if
    the photos were measured as a whole."""
    n_identical: int
    """The number of photos or crops that equal their reference; the means leave them out."""
    unreadable: tuple[Skipped, ...] = ()
    """Photos that could not be used."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Stem in `pictures` and `crops` → file of the photo."""
    crops: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)
    """Stem → x, y, width and height of its crop, in pixels of the photo: one that was measured, or
    the part with most detail."""
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Stem → width and height of the photo."""
    gallery: tuple[str, ...] = ()
    """The stems of the pictures that the settings ask for; the others show the extremes."""
    extremes: Extremes = Extremes()
    """The photos that gained least and most."""
    methods: Mapping[str, Mapping[str, MetricMean]]
    """Method → metric → its mean."""
    people: Mapping[str, WithPeople] = field(default_factory=dict)
    """Metric → how far it agrees with people on the originals; empty where people scored none.
    Metrics that need a reference are not among them."""
    seconds: float
    """How long the evaluation took."""

    def means(self) -> dict[str, dict[str, float | None]]:
        """Method → metric → mean."""
        return {
            method: {name: metric.mean for name, metric in metrics.items()}
            for method, metrics in self.methods.items()
        }

    def mean(self, method: str, metric: str) -> float | None:
        """The mean of a metric for a method; None if there is none."""
        found = self.methods.get(method, {}).get(metric)
        return found.mean if found else None


class Measured(NamedTuple):
    """What a metric is of: a photo, or the crop of it that begins at `corner`, (y, x)."""

    photo: str
    corner: tuple[int, int] | None = None


@dataclass(frozen=True)
class ImageRow:
    """A row of `images.csv`: a photo, or a crop of it, in the version of one method.

    `identical`: whether it equals its reference; `values`: metric → value, None if it has none;
    `corner`: where the crop begins, (y, x) in px of the upright photo, None for a whole photo.
    """

    image: str
    method: str
    identical: bool
    values: Mapping[str, float | None]
    corner: tuple[int, int] | None = None

    @property
    def of(self) -> Measured:
        """What all methods' rows of one photo or crop have in common."""
        return Measured(self.image, self.corner)


def by_part(images: Iterable[ImageRow], metric: str) -> dict[Measured, dict[str, float]]:
    """Photo or crop → method → value of a metric: all that counts in a mean.

    What equals its reference, and a value that is missing or infinite, is left out.
    """
    parts: dict[Measured, dict[str, float]] = {}
    for row in images:
        value = row.values.get(metric)
        if value is not None and math.isfinite(value) and not row.identical:
            parts.setdefault(row.of, {})[row.method] = value
    return parts


def by_photo(images: Iterable[ImageRow], metric: str) -> dict[str, dict[str, float]]:
    """Photo → method → value of a metric, as `by_part`; of a photo with crops the mean of those
    that have a value by this method."""
    values: dict[str, dict[str, list[float]]] = {}
    for part, methods in by_part(images, metric).items():
        for method, value in methods.items():
            values.setdefault(part.photo, {}).setdefault(method, []).append(value)
    return {
        photo: {method: sum(found) / len(found) for method, found in methods.items()}
        for photo, methods in values.items()
    }


def means_of(images: Sequence[ImageRow]) -> dict[str, dict[str, MetricMean]]:
    """Method → metric → its mean, by those metrics that photos of the method have."""
    means: dict[str, dict[str, MetricMean]] = {}
    for metric in dict.fromkeys(name for row in images for name in row.values):
        parts = by_part(images, metric)
        measured = Counter(
            row.method for row in images if not row.identical and row.values.get(metric) is not None
        )
        for method, count in measured.items():
            values = {part: found[method] for part, found in parts.items() if method in found}
            mean = mean_of([*values.values()], photos=[part.photo for part in values])
            means.setdefault(method, {})[metric] = MetricMean(
                **vars(mean), n_infinite=count - mean.n
            )
    return means


def write_images(path: Path, images: Sequence[ImageRow], metrics: Sequence[str]) -> None:
    """Write `images.csv` with a column for each of `metrics`; a cell without a value is empty.

    If there are rows of crops, the columns `y` and `x` say where each begins.
    """
    corner = _CORNER if any(row.corner for row in images) else ()
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*_KEYS, *corner, *metrics])
        for row in images:
            place = (row.corner or ("", "")) if corner else ()
            values = (row.values.get(name) for name in metrics)
            cells = ["" if value is None else f"{value:.{DECIMALS}f}" for value in values]
            table.writerow([row.image, row.method, int(row.identical), *place, *cells])


def read_images(path: Path) -> list[ImageRow]:
    """The rows of `images.csv`; ValueError names the file and the line of a wrong one."""
    images = []
    for line, row in read_csv(path, _KEYS, "a table of images"):
        try:
            y, x = (row.pop(key, "") for key in _CORNER)
            corner = (int(y), int(x)) if y or x else None
            values = {key: float(row[key]) if row[key] else None for key in row if key not in _KEYS}
            identical = {"0": False, "1": True}[row["identical"]]
        except (ValueError, TypeError, KeyError) as error:
            expected = "expected numbers, and 0 or 1 for identical"
            raise ValueError(f"{path}, line {line}: {expected}, got {row}") from error
        images.append(ImageRow(row["image"], row["method"], identical, values, corner))
    return images
