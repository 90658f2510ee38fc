"""Intervals, tests and agreement, against values by hand and against SciPy's."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from wespe.reports.tables.columns import pooled_psnr_db
from wespe.results.statistics import (
    agrees,
    cluster_interval,
    cluster_means,
    clustered_interval,
    correlations,
    interval,
    intervals,
    mean,
    paired_differences,
    paired_p,
    wilson,
)


def test_the_interval_is_that_of_scipys_bootstrap() -> None:
    values = np.random.default_rng(3).gamma(2.0, 1.5, 60)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=5)
    ours = interval(values)
    assert ours is not None
    # A quantile of 2,000 means has a standard error of about 0.06 of their standard deviation.
    spread = values.std() / np.sqrt(len(values))
    assert np.abs(np.subtract(ours, theirs.confidence_interval)).max() < 0.25 * spread


def test_the_interval_of_many_values_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(20, 2, 400)
    half = 1.96 * values.std(ddof=1) / math.sqrt(400)
    # The ends of 2,000 resamples scatter by some 4 % of the interval.
    expected = (values.mean() - half, values.mean() + half)
    assert interval(values) == pytest.approx(expected, abs=0.1 * half)


def test_the_same_values_have_one_interval_in_any_order() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=50)
    assert interval(values) == interval(random.permutation(values).tolist())
    rows = random.normal(size=(50, 2))
    shuffled = random.permutation(rows)
    assert intervals(rows, lambda drawn: drawn.mean(1)) == intervals(
        shuffled, lambda drawn: drawn.mean(1)
    )


def test_few_values_have_no_interval_and_equal_ones_that_value() -> None:
    assert interval([1.0] * 5) is None
    assert interval([]) is None
    assert interval([0.25] * 6) == (0.25, 0.25)


def test_another_statistic_than_the_mean() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200)
    found = interval(values, lambda drawn: np.median(drawn, axis=1))
    # The median of normal values has 1.25 times the standard error of their mean.
    assert found == pytest.approx(
        np.median(values) + np.array([-1, 1]) * 1.96 * 1.25 / 14.1, abs=0.1
    )


def test_many_values_need_no_more_memory_than_few() -> None:
    drawn: list[int] = []

    def counted(values: np.ndarray) -> np.ndarray:
        drawn.append(values.size)
        return mean(values)

    interval(np.arange(30_000.0), counted)
    assert sum(drawn) == 2000 * 30_000
    assert max(drawn) <= 10**6


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (10, 10), (275, 400), (1, 3), (266, 266)])
def test_wilson_by_its_equation(hits: int, count: int) -> None:
    # The ends solve (share − p)² = z² p (1 − p) / n.
    z, share = stats.norm.ppf(0.975), hits / count
    for end in wilson(hits, count):
        assert (share - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / count, abs=1e-9)


def test_wilson_of_the_papers_accuracy() -> None:
    # 68.75 % of 400 test images, rounded by hand.
    low, high = wilson(275, 400)
    assert (round(low, 3), round(high, 3)) == (0.640, 0.731)


@pytest.mark.parametrize(("hits", "count"), [(4, 3), (-1, 3), (0, 0)])
def test_wilson_refuses_what_is_no_share(hits: int, count: int) -> None:
    with pytest.raises(ValueError, match="must"):
        wilson(hits, count)


def test_the_paired_test_by_hand() -> None:
    originals = np.zeros(6)
    # All six better: one of 2⁶ sign patterns, and its mirror image.
    assert paired_p(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), originals) == 2 / 64
    # The smallest one worse: the rank sum 1 is reached by two patterns (none and the smallest).
    assert paired_p(np.array([-0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), originals) == 2 * 2 / 64
    assert paired_p(originals, originals) == 1
    assert paired_p(np.arange(5.0), np.zeros(5)) is None


def test_agreement() -> None:
    values = np.array([1.0, 2.0, 3.0])
    # Student's interval: 2 ± 4.303 · 1 / √3.
    assert agrees(4.4, values, None, mean) is True
    assert agrees(4.5, values, None, mean) is False
    assert agrees(2.0, values, (2.1, 3.0), mean) is False
    assert agrees(2.0, values[:1], None, mean) is None
    assert agrees(2.0, values, None, pooled_psnr_db) is None


def test_differences_are_of_the_photos_that_have_all() -> None:
    photos = {
        "a": {"original": 10.0, "clahe": 11.0, "enhanced": 13.0},
        "b": {"original": 12.0, "clahe": 12.0, "enhanced": 13.0},
        "c": {"original": 12.0, "enhanced": 99.0},
    }
    complete, (first, second) = paired_differences(photos, "enhanced", ["original", "clahe"])
    assert complete == ["a", "b"]
    assert (first.against, first.mean, second.mean) == ("original", 2.0, 1.5)
    assert first.interval is None  # two photos are too few for one
    assert first.is_open
    many = {str(n): {"original": 1.0 * n, "enhanced": 2.0 * n} for n in range(1, 9)}
    _, (difference,) = paired_differences(many, "enhanced", ["original"])
    assert difference.interval == interval(np.arange(1.0, 9))
    assert not difference.is_open


def test_without_a_photo_there_is_no_difference() -> None:
    assert paired_differences({}, "enhanced", ["original"]) == ([], [])


def test_scipy_is_imported_where_it_is_needed_alone() -> None:
    code = "import sys, wespe.results.statistics; sys.exit('scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_correlations_are_scipys() -> None:
    random = np.random.default_rng(4)
    pairs = random.integers(0, 6, (3, 30, 2)).astype(float)  # with many equal values
    for sample, found in zip(pairs, correlations(pairs), strict=True):
        spearman = stats.spearmanr(*sample.T).statistic
        assert found == pytest.approx([spearman, stats.pearsonr(*sample.T).statistic])


def test_correlations_hand_computed() -> None:
    # The ranks agree; the values do not lie on a line: 8 / √(2 · 38).
    rising = np.array([[1, 1], [2, 2], [3, 9]], float)
    assert correlations(rising) == pytest.approx([1, 8 / math.sqrt(2 * 38)])
    assert correlations(np.array([[1, 5], [2, 5], [3, 5]], float)).tolist() == [0, 0]


def test_the_interval_of_a_correlation_is_near_fishers() -> None:
    random = np.random.default_rng(5)
    one = random.normal(size=300)
    pairs = np.stack([one, 0.8 * one + 0.6 * random.normal(size=300)], axis=1)
    found = intervals(pairs, correlations)
    assert found is not None
    middle = np.arctanh(correlations(pairs)[1])
    fisher = np.tanh([middle - 1.96 / math.sqrt(297), middle + 1.96 / math.sqrt(297)])
    assert found[1] == pytest.approx(fisher, abs=0.02)


def test_the_bootstrap_is_wider_where_subjects_differ() -> None:
    # 20 subjects of 10 votes: all alike, or half of them always for, half always against.
    counts = np.full(20, 10.0)
    alike = cluster_interval(np.full(20, 5.0), counts)
    divided = cluster_interval(np.repeat([0.0, 10.0], 10), counts)
    assert alike == (0.5, 0.5)
    assert divided
    # The mean of 20 fair coins: standard deviation 0.112, so 0.5 ± 0.22.
    assert divided == pytest.approx((0.28, 0.72), abs=0.03)
    assert divided[1] - divided[0] > 2 * np.diff(wilson(100, 200)).item()


def test_few_clusters_have_no_interval_however_many_values() -> None:
    assert cluster_interval(np.ones(5), np.ones(5)) is None
    values, photos = np.arange(500.0), [number % 5 for number in range(500)]
    assert clustered_interval(values, photos) is None
    assert clustered_interval(values, photos, pooled_psnr_db) is None


def test_values_by_themselves_have_the_plain_interval() -> None:
    values = np.random.default_rng(3).normal(20, 2, 30)
    assert clustered_interval(values, range(30)) == interval(values)
    assert clustered_interval(values, range(30), pooled_psnr_db) == interval(values, pooled_psnr_db)


def test_crops_of_a_photo_are_no_more_than_the_photo() -> None:
    # 40 photos whose ten crops are equal say as much as 40 values, and not as 400.
    levels = np.random.default_rng(3).normal(20, 2, 40)
    crops, photos = np.repeat(levels, 10), np.repeat(np.arange(40), 10).tolist()
    plain, clustered = interval(levels), clustered_interval(crops, photos)
    assert plain
    assert clustered == pytest.approx(plain, abs=1e-9)
    naive = interval(crops)
    assert naive
    # The root of ten narrower.
    assert np.diff(plain).item() == pytest.approx(10**0.5 * np.diff(naive).item(), rel=0.1)


@pytest.mark.slow
def test_the_clustered_interval_covers_as_often_as_it_says() -> None:
    # Photos of one to eight crops: the photo's own level differs by 1, its crops by 0.5.
    random, inside = np.random.default_rng(1), 0
    for _ in range(200):
        sizes = random.integers(1, 9, 40)
        photos = np.repeat(np.arange(40), sizes)
        values = random.normal(0, 1, 40)[photos] + random.normal(0, 0.5, len(photos))
        found = clustered_interval(values, photos.tolist())
        assert found
        inside += found[0] <= 0 <= found[1]
    # 95 % of 200 are 190 ± 3; percentiles of 40 photos are known to be a little narrow.
    assert 178 <= inside <= 200


def test_another_statistic_is_of_all_values_drawn() -> None:
    random = np.random.default_rng(2)
    values, photos = random.normal(20, 2, 60), (np.arange(60) // 3).tolist()
    by_sums = clustered_interval(values, photos)
    one_by_one = clustered_interval(values, photos, lambda drawn: drawn.mean(axis=-1))
    assert by_sums
    assert one_by_one == pytest.approx(by_sums, abs=0.1)
    shuffled = random.permutation(60)
    again = clustered_interval(values[shuffled], [photos[n] for n in shuffled])
    assert again == pytest.approx(by_sums, abs=1e-9)


def test_means_of_clusters() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])
    assert cluster_means(values, ["a", "b", "a", "c"]).tolist() == [2.5, 2.0, 8.0]


def test_differences_of_crops_resample_their_photos() -> None:
    crops = {(n // 4, n): {"original": 0.0, "enhanced": float(n // 4)} for n in range(40)}
    complete, (difference,) = paired_differences(
        crops, "enhanced", ["original"], cluster=lambda key: key[0]
    )
    assert len(complete) == 40
    assert difference.mean == 4.5
    assert difference.interval == interval(np.arange(10.0))
