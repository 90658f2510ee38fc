"""BRISQUE, a no-reference score of distortions, with the regression that a library carries.

The package `brisque` brings the support vector regression that was fitted to people's opinions of
the LIVE photos. Features and sums are computed here, photo by photo the same up to rounding: the
package's own fail with NumPy 2.4 and hold the whole photo many times.
"""

import importlib.util
import math
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Grey = NDArray[np.float64]

_LUMA = np.array([0.2125, 0.7154, 0.0721]) / 255  # Rec. 709, of levels from 0 to 255
_RADIUS_PX = 3
_SIGMA_PX = 7 / 6
_FEATURES = 36
_ROUNDING = 1e-9
# As in SSIM: bands of rows stay in the processor's cache, and memory does not grow with them.
_BAND_ROWS = 64


def brisque(photo: Pixels) -> float:
    """BRISQUE of one photo, uint8 `(H, W, 3)`; lower is better, mostly 0 to 100.

    How the normalised grey levels, and the products of neighbours, are distributed at two scales
    (18 features each), in words of the package's regression. NaN for a photo without structure, and
    without the package. Source: Mittal, Moorthy and Bovik 2012.
    """
    regression = _packaged()
    if regression is None or min(photo.shape[:2]) < 2:
        return math.nan
    grey = np.empty(photo.shape[:2])
    for top in range(0, len(photo), _BAND_ROWS):
        grey[top : top + _BAND_ROWS] = photo[top : top + _BAND_ROWS] @ _LUMA
    smaller = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)
    features = [*_scale_features(grey), *_scale_features(np.asarray(smaller, np.float64))]
    return regression.predict(np.array(features))


@dataclass(frozen=True)
class Regression:
    """An ε-support vector regression with a Gaussian kernel, and the ranges of its features.

    `low`, `high` `(36,)`: what becomes -1 and 1; `vectors` `(n, 36)`, `coefficients` `(n,)`.
    """

    low: Grey
    high: Grey
    vectors: Grey
    coefficients: Grey
    gamma: float
    rho: float

    def predict(self, features: Grey) -> float:
        """The score for features `(36,)`; NaN where one is."""
        scaled = 2 * (features - self.low) / (self.high - self.low) - 1
        distances = np.square(self.vectors - scaled).sum(axis=1)
        return float((self.coefficients * np.exp(-self.gamma * distances)).sum() - self.rho)


def _scale_features(grey: Grey) -> Iterator[float]:
    """The 18 features of one scale, in the order of the package."""
    for number, sums in enumerate(neighbour_sums(grey)):
        shape, mean, left, right = asymmetric_gaussian(sums)
        yield from (shape, (left + right) / 2) if number == 0 else (shape, mean, left, right)


def neighbour_sums(grey: Grey) -> NDArray[np.float64]:
    """Of the normalised levels and four products of neighbours, `(5, 5)`, a row each: how many are
    negative and how many are not, the sums of their squares, and the sum of all magnitudes."""
    sums = np.zeros((5, 5))
    for top in range(0, len(grey), _BAND_ROWS):
        rows = min(_BAND_ROWS, len(grey) - top)
        levels = _normalised(grey, top, min(top + rows + 1, len(grey)))
        own, upper, lower = levels[:rows], levels[:-1], levels[1:]
        maps = (
            own,
            own[:, :-1] * own[:, 1:],
            upper * lower,
            upper[:, :-1] * lower[:, 1:],
            lower[:, :-1] * upper[:, 1:],
        )
        for row, values in zip(sums, maps, strict=True):
            negative = np.minimum(values, 0)
            below, squares = np.count_nonzero(values < 0), np.square(negative).sum()
            row += (
                below,
                values.size - below,
                squares,
                np.square(values).sum() - squares,
                values.sum() - 2 * negative.sum(),
            )
    return sums


def _normalised(grey: Grey, top: int, bottom: int) -> Grey:
    """The rows from `top` to `bottom` less their local mean, over their local deviation + 1/255.

    Both under a Gaussian window of 7×7 px, with zeros around the photo, as in the package.
    """
    offsets = np.arange(-_RADIUS_PX, _RADIUS_PX + 1)
    window = np.exp(-0.5 * (offsets / _SIGMA_PX) ** 2)
    window /= window.sum()
    first = max(0, top - _RADIUS_PX)
    band = grey[first : bottom + _RADIUS_PX]
    mean, square = (
        np.asarray(cv2.sepFilter2D(x, -1, window, window, borderType=cv2.BORDER_CONSTANT))
        for x in (band, band * band)
    )
    deviation = np.sqrt(np.abs(mean * mean - square))
    normalised: Grey = (band - mean) / (deviation + 1 / 255)
    # In flat areas the sign would be that of the rounding, and half of all signs count.
    normalised[np.abs(normalised) < _ROUNDING] = 0
    return normalised[top - first :][: bottom - top]


def asymmetric_gaussian(sums: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Shape, mean, and the variances to the left and right of zero, of the asymmetric generalised
    Gaussian with the moments of `sums`; NaN where one side has nothing. Source: Lasmar 2009."""
    below, above, left, right, magnitude = sums.tolist()
    if min(left, right) <= 0:
        return (math.nan,) * 4
    count = below + above
    left, right, ratio = (
        left / below,
        right / above,
        (magnitude / count) ** 2 / ((left + right) / count),
    )
    skew = math.sqrt(left / right)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shapes, ratios = _shapes()
    shape = float(np.interp(ratio, ratios, shapes))
    one, two, three = (math.lgamma(n / shape) for n in (1, 2, 3))
    mean = (math.sqrt(right) - math.sqrt(left)) * math.exp(two - (one + three) / 2)
    return shape, mean, left, right


@lru_cache(maxsize=1)
def _shapes() -> tuple[Grey, Grey]:
    """Shapes and, growing with them, E|x|² / E[x²] of a generalised Gaussian."""
    shapes = np.geomspace(0.1, 30, 20_000)
    logarithms = [
        2 * math.lgamma(2 / s) - math.lgamma(1 / s) - math.lgamma(3 / s) for s in shapes.tolist()
    ]
    return shapes, np.exp(logarithms)


@lru_cache(maxsize=1)
def _packaged() -> Regression | None:
    """The regression in the files of the package `brisque`, which is not imported; None without it.

    Raises ValueError, naming the file, where they are not what version 0.2 has.
    """
    found = importlib.util.find_spec("brisque")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "models"
    return read_regression(folder / "svm.txt", folder / "normalize.pickle")


def read_regression(model: Path, ranges: Path) -> Regression:
    """A model in libsvm's text format, and a pickle of two lists of numbers, `min_` and `max_`.

    The pickle is looked through for numbers, and not run. Raises ValueError, naming the file.
    """
    head, _, body = model.read_text("ascii").partition("\nSV\n")
    settings = dict(line.split(" ", 1) for line in head.splitlines())
    if (settings.get("svm_type"), settings.get("kernel_type")) != ("epsilon_svr", "rbf"):
        raise ValueError(f"{model}: expected an epsilon_svr with the kernel rbf")
    rows = [line.split() for line in body.splitlines()]
    vectors = np.zeros((len(rows), _FEATURES))
    for vector, row in zip(vectors, rows, strict=True):
        for entry in row[1:]:
            place, value = entry.split(":")
            vector[int(place) - 1] = float(value)
    content = [value for _, value, _ in pickletools.genops(ranges.read_bytes())]
    names = [value for value in content if isinstance(value, str)]
    numbers = [value for value in content if isinstance(value, float)]
    if names != ["min_", "max_"] or len(numbers) != 2 * _FEATURES:
        raise ValueError(f"{ranges}: expected the lists min_ and max_ of {_FEATURES} numbers each")
    return Regression(
        np.array(numbers[:_FEATURES]),
        np.array(numbers[_FEATURES:]),
        vectors,
        np.array([float(row[0]) for row in rows]),
        float(settings["gamma"]),
        float(settings["rho"]),
    )
