"""Figures of a study against hand-computed cases and independent references."""

import numpy as np
import pytest

from wespe.apps.study import statistics


def test_few_subjects_have_no_bootstrap() -> None:
    assert statistics.strength_intervals(np.ones((5, 2, 2))) is None


def test_strengths_of_two_methods_are_the_log_odds() -> None:
    wins = np.array([[0.0, 300.0], [100.0, 0.0]])
    first, second = statistics.strengths(wins)
    # ln 3; the small prior pulls it in by less than 1 %.
    assert first - second == pytest.approx(np.log(3), rel=0.01)
    assert first + second == pytest.approx(0)


def test_strengths_are_recovered() -> None:
    random = np.random.default_rng(0)
    known = np.array([-0.8, 0.1, 0.7])
    wins = np.zeros((40, 3, 3))
    for subject in wins:
        for i, j in ((0, 1), (0, 2), (1, 2)):
            subject[i, j] = random.binomial(20, 1 / (1 + np.exp(known[j] - known[i])))
            subject[j, i] = 20 - subject[i, j]
    assert statistics.strengths(wins.sum(axis=0)) == pytest.approx(known, abs=0.15)
    intervals = statistics.strength_intervals(wins)
    assert intervals
    assert all(low < value < high for (low, high), value in zip(intervals, known, strict=True))


# Four observers, twelve units; "." is no answer. Krippendorff, "Computing Krippendorff's
# alpha-reliability", 2011, example C.
OBSERVERS = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .",
             "1 2 3 3 2 4 4 1 2 5 1 .")  # fmt: skip


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("interval", 0.849)])
def test_alpha_as_published(level: str, published: float) -> None:
    columns = zip(*(observer.split() for observer in OBSERVERS), strict=True)
    units = [[int(value) for value in column if value != "."] for column in columns]
    assert statistics.krippendorff_alpha(units, level) == pytest.approx(published, abs=0.0005)


def test_alpha_of_plain_cases() -> None:
    assert statistics.krippendorff_alpha([[1, 1], [2, 2]], "nominal") == 1
    assert statistics.krippendorff_alpha([[1, 1], [1, 1]], "nominal") is None
    # Two units of opposite answers: less agreement than by chance.
    alpha = statistics.krippendorff_alpha([[1, 2], [2, 1]], "nominal")
    assert alpha == pytest.approx(1 - 3 * 4 / 8)


def test_same_answers_by_hand() -> None:
    # Pairs of answers: three in the first unit, one of them equal; one in the second, equal.
    assert statistics.same_answer([[1, 1, 2], [3, 3], [4]]) == pytest.approx(2 / 4)
    assert statistics.same_answer([[1], [2]]) is None
