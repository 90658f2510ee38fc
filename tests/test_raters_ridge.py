"""Ridge regression, against scikit-learn's and against fits without one photo."""

import numpy as np
import pytest

from wespe.judging.raters.ridge import PENALTIES, fit_ridge


def made(photos: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features, one of which is constant, and opinions that hang on the first with some noise."""
    random = np.random.default_rng(seed)
    rows = random.normal(5, 2, (photos, features)) * np.geomspace(0.01, 100, features)
    rows[:, 2] = 7
    opinions = (rows[:, 0] - rows[:, 0].mean()) / rows[:, 0].std()
    return rows, opinions + random.normal(0, 0.1, photos)


@pytest.mark.parametrize(("photos", "features"), [(40, 6), (12, 300)])
def test_it_is_scikit_learns_for_the_same_penalty(photos: int, features: int) -> None:
    from sklearn.linear_model import Ridge as Theirs

    rows, opinions = made(photos, features)
    found = fit_ridge(rows, opinions)
    assert found.penalty in PENALTIES
    spread = rows.std(axis=0)
    varies = spread > 0
    standard = (rows - rows.mean(axis=0))[:, varies] / spread[varies]
    standard /= np.sqrt(np.count_nonzero(varies))
    theirs = Theirs(alpha=found.penalty).fit(standard, opinions)
    assert rows @ found.weights + found.bias == pytest.approx(theirs.predict(standard), abs=1e-6)
    assert found.weights[2] == 0


def test_what_each_photo_gets_from_the_others() -> None:
    from sklearn.linear_model import Ridge as Theirs

    rows, opinions = made(15, 4)
    rows = np.delete(rows, 2, axis=1)
    found = fit_ridge(rows, opinions)
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0) / np.sqrt(3)
    for photo in range(15):
        others = np.arange(15) != photo
        fitted = Theirs(alpha=found.penalty).fit(standard[others], opinions[others])
        assert found.left_out[photo] == pytest.approx(fitted.predict(standard[[photo]])[0])


def test_noise_is_not_learned() -> None:
    random = np.random.default_rng(1)
    rows, opinions = random.normal(size=(60, 500)), random.normal(size=60)
    found = fit_ridge(rows, opinions)
    assert (rows @ found.weights + found.bias).std() < 0.5 * opinions.std()
    assert fit_ridge(rows, np.full(60, 0.4)).bias == pytest.approx(0.4)
