"""What an evaluation writes: a row per photo and method, and the means."""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from wespe.results.index import Skipped
from wespe.results.means import DECIMALS, Mean, mean_of
from wespe.results.record import Record
from wespe.results.rows import rows

_KEYS = ("image", "method", "identical")


ByPhoto = Mapping[str, Mapping[str, float]]
"""Photo → method → value."""


@dataclass(frozen=True, kw_only=True)
class MetricMean(Mean):
    """A metric over the photos of an evaluation. Photos that equal their reference are left out."""

    n_infinite: int = 0
    """The number of photos with an infinite PSNR, which are left out."""


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
    n_images: int
    """The number of photos measured."""
    n_identical: int
    """The number of photos that equal their reference; the means leave them out."""
    unreadable: tuple[Skipped, ...] = ()
    """Photos that could not be used."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Stem in `pictures` and `crops` → file of the photo."""
    crops: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)
    """Stem → x, y, width and height of its crop, in pixels of the photo."""
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Stem → width and height of the photo."""
    gallery: tuple[str, ...] = ()
    """The stems of the pictures that the settings ask for; the others show the extremes."""
    extremes: Extremes = Extremes()
    """The photos that gained least and most."""
    methods: Mapping[str, Mapping[str, MetricMean]]
    """Method → metric → its mean."""
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


@dataclass(frozen=True)
class ImageRow:
    """A row of `images.csv`: a photo in the version of one method.

    `identical`: whether the photo equals its reference; `values`: metric → value, None if it
    has none.
    """

    image: str
    method: str
    identical: bool
    values: Mapping[str, float | None]


def by_photo(images: Iterable[ImageRow], metric: str) -> dict[str, dict[str, float]]:
    """Photo → method → value of a metric: all that counts in a mean.

    What equals its reference, and a value that is missing or infinite, is left out.
    """
    photos: dict[str, dict[str, float]] = {}
    for row in images:
        value = row.values.get(metric)
        if value is not None and math.isfinite(value) and not row.identical:
            photos.setdefault(row.image, {})[row.method] = value
    return photos


def values_of(photos: ByPhoto, method: str) -> dict[str, float]:
    """Photo → value of one method, of the photos that have it."""
    return {photo: values[method] for photo, values in photos.items() if method in values}


def means_of(images: Sequence[ImageRow]) -> dict[str, dict[str, MetricMean]]:
    """Method → metric → its mean, by those metrics that photos of the method have."""
    means: dict[str, dict[str, MetricMean]] = {}
    for metric in dict.fromkeys(name for row in images for name in row.values):
        photos = by_photo(images, metric)
        measured = Counter(
            row.method for row in images if not row.identical and row.values.get(metric) is not None
        )
        for method, count in measured.items():
            found = mean_of([*values_of(photos, method).values()])
            infinite = count - found.n
            means.setdefault(method, {})[metric] = MetricMean(**vars(found), n_infinite=infinite)
    return means


def write_images(path: Path, images: Iterable[ImageRow], metrics: Sequence[str]) -> None:
    """Write `images.csv` with a column for each of `metrics`; a cell without a value is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*_KEYS, *metrics])
        for row in images:
            values = (row.values.get(name) for name in metrics)
            cells = ["" if value is None else f"{value:.{DECIMALS}f}" for value in values]
            table.writerow([row.image, row.method, int(row.identical), *cells])


def read_images(path: Path) -> list[ImageRow]:
    """The rows of `images.csv`; ValueError names the file and the line of a wrong one."""
    images = []
    for line, row in rows(path, _KEYS, "a table of images"):
        try:
            values = {key: float(row[key]) if row[key] else None for key in row if key not in _KEYS}
            identical = {"0": False, "1": True}[row["identical"]]
        except (ValueError, TypeError, KeyError) as error:
            expected = "expected numbers, and 0 or 1 for identical"
            raise ValueError(f"{path}, line {line}: {expected}, got {row}") from error
        images.append(ImageRow(row["image"], row["method"], identical, values))
    return images
