"""Intervals, tests and agreement, against values by hand and against SciPy's bootstrap."""

import numpy as np
import pytest
from scipy import stats

from wespe.reports.tables.columns import mean, pooled_psnr_db
from wespe.reports.tables.statistics import agrees, interval, paired_p


def test_the_interval_is_that_of_scipys_bootstrap() -> None:
    values = np.random.default_rng(3).gamma(2.0, 1.5, 60)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=5)
    ours = interval(values, mean, seed=0)
    assert ours is not None
    # A quantile of 2,000 means has a standard error of about 0.06 of their standard deviation.
    spread = values.std() / np.sqrt(len(values))
    assert np.abs(np.subtract(ours, theirs.confidence_interval)).max() < 0.25 * spread
    assert ours != interval(values, mean, seed=1)
    assert ours == interval(values, mean, seed=0)


def test_few_photos_have_no_interval_and_no_test() -> None:
    five = np.arange(5.0)
    assert interval(five, mean, seed=0) is None
    assert paired_p(five, np.zeros(5)) is None


def test_the_paired_test_by_hand() -> None:
    originals = np.zeros(6)
    # All six better: one of 2⁶ sign patterns, and its mirror image.
    assert paired_p(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), originals) == 2 / 64
    # The smallest one worse: the rank sum 1 is reached by two patterns (none and the smallest).
    assert paired_p(np.array([-0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), originals) == 2 * 2 / 64
    assert paired_p(originals, originals) == 1


def test_pooled_psnr_by_hand() -> None:
    # A batch of 50 with errors 0.01 and 0.03 has 0.02; another of 0.1; five more are dropped.
    errors = np.array([0.01, 0.03] * 25 + [0.1] * 50 + [1.0] * 5)
    expected = (-10 * np.log10(0.02) - 10 * np.log10(0.1)) / 2
    assert pooled_psnr_db(errors) == pytest.approx(expected)
    assert pooled_psnr_db(np.array([0.01, 0.03])) == pytest.approx(-10 * np.log10(0.02))


def test_agreement() -> None:
    values = np.array([1.0, 2.0, 3.0])
    # Student's interval: 2 ± 4.303 · 1 / √3.
    assert agrees(4.4, values, None, mean) is True
    assert agrees(4.5, values, None, mean) is False
    assert agrees(2.0, values, (2.1, 3.0), mean) is False
    assert agrees(2.0, values[:1], None, mean) is None
    assert agrees(2.0, values, None, pooled_psnr_db) is None
