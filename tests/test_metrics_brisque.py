"""BRISQUE: its features against independent computations, its score against the package's own.

The package `brisque` is an extra: what needs it is skipped where it is not installed.
"""

import importlib
import importlib.util
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data

from wespe.judging.metrics.brisque import Grey, Regression, brisque, read_regression
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS
from wespe.photos.images import Pixels

# The package has the function under the name of its module.
module = importlib.import_module("wespe.judging.metrics.brisque")
INSTALLED = importlib.util.find_spec("brisque") is not None
HEAD = "svm_type epsilon_svr\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 2\nrho -10\n"


def write(folder: Path, *, head: str = HEAD, ranges: Any = None) -> tuple[Path, Path]:
    """A model of two vectors, at 0 and at 1 in the first feature, and ranges from 0 to 2."""
    model, numbers = folder / "svm.txt", folder / "normalize.pickle"
    model.write_text(f"{head}SV\n3 2:0\n-1 1:1\n")
    numbers.write_bytes(pickle.dumps(ranges or {"min_": [0.0] * 36, "max_": [2.0] * 36}))
    return model, numbers


@pytest.fixture
def regression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Regression:
    """A regression that stands in for the package's."""
    made = read_regression(*write(tmp_path))
    monkeypatch.setattr(module, "_packaged", lambda: made)
    return made


def test_prediction_hand_computed(regression: Regression) -> None:
    # Ones are the middle of the range, so 0: at the first vector, and 1 away from the second.
    assert regression.predict(np.ones(36)) == pytest.approx(10 + 3 - math.exp(-0.5))
    features = np.ones(36)
    features[0] = 2.0
    assert regression.predict(features) == pytest.approx(10 + 3 * math.exp(-0.5) - 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"head": HEAD.replace("rbf", "linear")}, r"svm\.txt: expected an epsilon_svr"),
        ({"ranges": {"min_": [0.0] * 36}}, r"normalize\.pickle: expected the lists min_ and max_"),
        ({"ranges": {"max_": [0.0] * 36, "min_": [0.0] * 36}}, r"expected the lists min_ and max_"),
        ({"ranges": {"min_": [0.0] * 35, "max_": [0.0] * 35}}, r"of 36 numbers each"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_regression(*write(tmp_path, **changed))


def normalised(grey: Grey) -> Grey:
    """The definition, with SciPy's convolution and the whole window at once."""
    from scipy.signal import convolve2d

    y, x = np.mgrid[-3:4, -3:4]
    window = np.exp(-(x**2 + y**2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    mean, square = (convolve2d(values, window, "same") for values in (grey, grey**2))
    return np.asarray((grey - mean) / (np.sqrt(np.abs(mean**2 - square)) + 1 / 255))


@pytest.mark.parametrize("height", [1, 5, 64, 65, 150])
def test_sums_are_seamless_and_right(height: int) -> None:
    grey = np.random.default_rng(0).random((height, 40))
    whole = normalised(grey)
    maps = [
        whole,
        whole[:, :-1] * whole[:, 1:],
        whole[:-1] * whole[1:],
        whole[:-1, :-1] * whole[1:, 1:],
        whole[1:, :-1] * whole[:-1, 1:],
    ]
    expected = [
        [
            (m < 0).sum(),
            (m >= 0).sum(),
            (m[m < 0] ** 2).sum(),
            (m[m >= 0] ** 2).sum(),
            np.abs(m).sum(),
        ]
        for m in maps
    ]
    assert module.neighbour_sums(grey) == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize(
    ("draw", "shape"), [("standard_normal", 2.0), ("laplace", 1.0)], ids=["Gauss", "Laplace"]
)
def test_the_fit_finds_known_distributions(draw: str, shape: float) -> None:
    random = np.random.default_rng(0)
    values = (
        random.standard_normal(10**6) if draw == "standard_normal" else random.laplace(size=10**6)
    )
    # Stretched to one side: twice the deviation to the right, in which two thirds then lie.
    values = np.where(random.random(10**6) < 1 / 3, -np.abs(values), 2 * np.abs(values))
    left, right = values[values < 0], values[values >= 0]
    sums = (len(left), len(right), (left**2).sum(), (right**2).sum(), np.abs(values).sum())
    found = module.asymmetric_gaussian(np.array(sums))
    variance = {2.0: 1.0, 1.0: 2.0}[shape]
    assert found[0] == pytest.approx(shape, rel=0.01)
    assert found[2:] == pytest.approx((variance, 4 * variance), rel=0.01)
    # The mean as the paper gives it: (β_right - β_left) Γ(2/shape) / Γ(1/shape).
    beta = math.sqrt(variance * math.gamma(1 / shape) / math.gamma(3 / shape))
    mean = beta * math.gamma(2 / shape) / math.gamma(1 / shape)
    assert found[1] == pytest.approx(mean, rel=0.01)


def test_a_photo_without_structure_has_no_value(regression: Regression) -> None:
    assert math.isnan(brisque(np.full((50, 50, 3), 90, np.uint8)))
    assert math.isnan(brisque(np.full((1, 50, 3), 90, np.uint8)))
    assert "brisque" not in measure(np.full((50, 50, 3), 90, np.uint8), None, METRICS)
    assert "brisque" in measure(data.astronaut()[:60, :60], None, METRICS)


def test_without_the_package_the_column_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_packaged", lambda: None)
    assert math.isnan(brisque(data.astronaut()))
    assert list(measure(data.astronaut(), None, METRICS)) == ["entropy_bit", "png_bpp"]


@pytest.mark.skipif(not INSTALLED, reason="the extra brisque is not installed")
def test_distortions_score_higher() -> None:
    photo: Pixels = data.coffee()
    noisy = photo + 30.0 * np.random.default_rng(0).standard_normal(photo.shape)
    blurred = np.repeat(np.repeat(photo[::4, ::4], 4, axis=0), 4, axis=1)
    scores = [brisque(p) for p in (photo, noisy.clip(0, 255).astype(np.uint8), blurred)]
    assert 0 < scores[0] < 20
    assert min(scores[1:]) > 40


@pytest.mark.skipif(not INSTALLED, reason="the extra brisque is not installed")
@pytest.mark.filterwarnings("ignore")
def test_the_score_is_the_packages_own() -> None:
    package = pytest.importorskip("brisque")
    scale = package.BRISQUE.scale_features

    class Mended(package.BRISQUE):  # type: ignore[misc, name-defined]
        def scale_features(self, features: Any) -> Any:
            # Version 0.2 converts arrays of one number to numbers, which NumPy 2.4 refuses.
            return scale(self, [np.asarray(value).item() for value in features])

    for photo in (data.coffee(), data.chelsea()[:101, :75], data.astronaut()[200:260, 100:181]):
        assert brisque(photo) == pytest.approx(Mended(url=False).score(photo), abs=1e-4)
