"""Simulated viewers: how many fave a photo of known quality, and how well one can predict it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_OWNERS = 41  # nodes of the quadrature over owners; 81 change the 8th digit
_VIEWS = 400  # quantiles of the views


@dataclass(frozen=True)
class Viewers:
    """The model. Each viewer of a photo decides independently whether to fave it.

    `fave_rates`: the share of viewers who fave a photo of each quality level, worst first, where
    its owner is an average one. An owner adds a normal number of standard deviation `owner_spread`
    to the log odds of all their photos. Views are log-normal, with `views_median` and with
    `views_spread`, the standard deviation of their natural logarithm; at least one.
    """

    fave_rates: Sequence[float]
    owner_spread: float
    views_median: float
    views_spread: float

    def draw(
        self,
        levels: NDArray[np.int64],
        owners: NDArray[np.int64],
        *,
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Faves and views of photos with these levels and owners, numbers from 0, `(N,)` each."""
        effects = self.owner_spread * generator.standard_normal(int(owners.max()) + 1)
        views = self._views(generator.standard_normal(len(levels)))
        rates = self._rates(levels, effects[owners])
        return generator.binomial(views, rates).astype(np.int64), views

    def above(self, median: float) -> NDArray[np.float64]:
        """The chance of a photo of each level to score above `median`, over owners and views.

        Score: faves over views. The integral over owners is Gauss–Hermite quadrature, that over
        views a mean over quantiles.
        """
        from scipy.stats import binom, norm  # takes long to import

        nodes, weights = np.polynomial.hermite_e.hermegauss(_OWNERS)
        views = self._views(norm.ppf((np.arange(_VIEWS) + 0.5) / _VIEWS))
        # k / n > median exactly for k above this; a quotient that equals the median is not above.
        most = np.floor(median * views + 1e-9)
        chances = []
        for level in range(len(self.fave_rates)):
            rates = self._rates(np.full(_OWNERS, level), self.owner_spread * nodes)
            above = binom.sf(most[None, :], views[None, :], rates[:, None]).mean(axis=1)
            chances.append(float(weights @ above / weights.sum()))
        return np.array(chances)

    def best_accuracy(self, median: float, levels: NDArray[np.int64]) -> float:
        """The expected accuracy of who knows a photo's level and guesses the likelier label.

        The levels occur as in `levels`. No rater that knows owners no better can expect more.
        """
        above = self.above(median)
        return float(np.maximum(above, 1 - above)[levels].mean())

    def _views(self, normal: NDArray[np.float64]) -> NDArray[np.int64]:
        views = np.rint(self.views_median * np.exp(self.views_spread * normal))
        return np.maximum(views, 1).astype(np.int64)

    def _rates(
        self, levels: NDArray[np.int64], effects: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        rates = np.asarray(self.fave_rates, np.float64)[levels]
        odds = rates / (1 - rates) * np.exp(effects)
        return np.asarray(odds / (1 + odds), np.float64)
