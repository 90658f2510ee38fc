import numpy as np
import pytest

from wespe.data.simulated_faves.viewers import Viewers


def test_without_chance_the_best_accuracy_is_hand_computed() -> None:
    # One view each, no owners: the score is 1 or 0, the median 0.5 parts them, so the chance to
    # score above it is the rate. Guessing 0, 0 and 1 is right in 0.9, 0.7 and 0.8 of the cases.
    viewers = Viewers((0.1, 0.3, 0.8), owner_spread=0.0, views_median=1.0, views_spread=0.0)
    assert viewers.above(0.5) == pytest.approx([0.1, 0.3, 0.8])
    assert viewers.best_accuracy(0.5, np.array([0, 1, 2, 2])) == pytest.approx(3.2 / 4)


def test_a_score_that_equals_the_median_is_not_above_it() -> None:
    # Of two views with rate a half, 0, 1 and 2 faves have the chances 1/4, 1/2 and 1/4.
    viewers = Viewers((0.5, 0.6), owner_spread=0.0, views_median=2.0, views_spread=0.0)
    assert viewers.above(0.5)[0] == pytest.approx(0.25)
    assert viewers.above(0.49)[0] == pytest.approx(0.75)


def test_the_best_accuracy_is_that_of_a_simulation() -> None:
    viewers = Viewers((0.01, 0.02, 0.04), owner_spread=0.4, views_median=300.0, views_spread=0.8)
    generator = np.random.default_rng(0)
    levels = np.repeat([0, 1, 2], 60_000)
    faves, views = viewers.draw(levels, np.arange(len(levels)), generator=generator)
    scores = faves / views
    median = float(np.median(scores))
    above = np.array([(scores[levels == level] > median).mean() for level in range(3)])
    # Standard errors are below 0.002.
    assert viewers.above(median) == pytest.approx(above, abs=0.007)
    guesses = above[levels] > 0.5
    simulated = (guesses == (scores > median)).mean()
    assert viewers.best_accuracy(median, levels) == pytest.approx(simulated, abs=0.005)


def test_photos_of_one_owner_share_their_luck() -> None:
    viewers = Viewers((0.1, 0.2), owner_spread=1.0, views_median=1e6, views_spread=0.0)
    owners = np.array([0, 0, 0, 1, 1, 1])
    faves, views = viewers.draw(np.zeros(6, np.int64), owners, generator=np.random.default_rng(3))
    scores = faves / views
    # Of a million views the binomial spread is 0.0003; that between owners is about 0.1.
    assert np.ptp(scores[:3]) < 0.003
    assert np.ptp(scores[3:]) < 0.003
    assert abs(scores[0] - scores[3]) > 0.01


def test_better_levels_have_more_faves() -> None:
    viewers = Viewers((0.01, 0.02, 0.05), owner_spread=0.2, views_median=500.0, views_spread=0.5)
    above = viewers.above(0.02)
    assert above[0] < above[1] < above[2]
