import numpy as np
import pytest
from scipy.stats import binomtest
from scipy.stats import bootstrap as scipy_bootstrap

from wespe.results.statistics import bootstrap, wilson


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (275, 400), (1, 3)])
def test_wilson_is_scipys(hits: int, count: int) -> None:
    theirs = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_the_papers_accuracy() -> None:
    # 68.75 % of 400 test images, rounded by hand.
    low, high = wilson(275, 400)
    assert (round(low, 3), round(high, 3)) == (0.640, 0.731)


def test_wilson_refuses_more_hits_than_cases() -> None:
    with pytest.raises(ValueError, match="expected 0 to 3 hits of at least 1, got 4"):
        wilson(4, 3)


def test_bootstrap_agrees_with_scipys() -> None:
    values = np.random.default_rng(0).normal(0.3, 1, 60)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", random_state=1
    ).confidence_interval
    # Both are of 10,000 random resamples: the ends vary by a few thousandths.
    assert bootstrap(values.tolist()) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_bootstrap_of_few_values_is_none_and_of_equal_ones_that_value() -> None:
    assert bootstrap([1.0] * 5) is None
    assert bootstrap([0.25] * 6) == (0.25, 0.25)
