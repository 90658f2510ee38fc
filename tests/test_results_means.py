"""Means over photos, against NumPy's, and what is left out of them."""

import numpy as np

from wespe.results.means import Mean, mean_of
from wespe.results.statistics import interval


def test_a_mean_has_its_spread_and_its_interval() -> None:
    values = [float(value) for value in np.random.default_rng(0).normal(20, 2, 30)]
    found = mean_of(values)
    low, high = interval(values) or (None, None)
    assert found == Mean(
        mean=float(np.mean(values)), std=float(np.std(values, ddof=1)), n=30, low=low, high=high
    )


def test_few_values_have_no_interval_one_has_no_spread_and_none_no_mean() -> None:
    assert mean_of([1.0, 3.0]) == Mean(mean=2.0, std=2**0.5, n=2)
    assert mean_of([1.0]) == Mean(mean=1.0, std=None, n=1)
    assert mean_of([]) == Mean(mean=None, std=None, n=0)


def test_another_statistic_takes_the_place_of_the_mean() -> None:
    values = np.arange(8.0)
    found = mean_of(values, lambda drawn: drawn.max(axis=-1))
    assert (found.mean, found.high) == (7, 7)
    assert found.low is not None
    assert found.low < 7
