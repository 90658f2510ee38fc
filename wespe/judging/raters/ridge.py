"""Ridge regression of opinions on many more features than there are photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

PENALTIES = np.logspace(-3, 4, 29)


@dataclass(frozen=True)
class Ridge:
    """The opinion of a photo is its features · `weights` `(d,)` + `bias`.

    `left_out` `(n,)`: what each photo gets from the others, by the chosen `penalty`.
    """

    weights: Values
    bias: float
    penalty: float
    left_out: Values


def fit_ridge(features: ArrayLike, opinions: ArrayLike) -> Ridge:
    """Fit opinions `(n,)` to features `(n, d)`, n at least 3.

    Features are standardised, and those that never vary count nothing. The penalty, relative to the
    mean square of a photo's standardised features, is the one of PENALTIES with the smallest error
    where each photo is predicted from the others; for a linear smoother that needs no second fit.
    Source: Hoerl and Kennard, "Ridge regression", 1970; Allen, "The relationship between variable
    selection and data augmentation", 1974.
    """
    rows, wanted = np.asarray(features, np.float64), np.asarray(opinions, np.float64)
    mean, spread, level = rows.mean(axis=0), rows.std(axis=0), float(wanted.mean())
    varies = spread > 1e-9 * np.abs(mean).max(initial=1e-30)
    scale = np.zeros_like(spread)
    scale[varies] = 1 / (spread[varies] * np.sqrt(np.count_nonzero(varies)))
    rows = (rows - mean) * scale
    # In the space of photos, since those are fewer than features.
    sizes, axes = np.linalg.eigh(rows @ rows.T)
    sizes, along = sizes.clip(min=0), axes.T @ (wanted - level)

    def left_out(penalty: float) -> Values:
        kept = sizes / (sizes + penalty)
        own = np.square(axes) @ kept + 1 / len(wanted)  # the share of its own opinion in each
        found: Values = wanted - (wanted - level - axes @ (kept * along)) / (1 - own)
        return found

    errors = [float(np.square(left_out(p) - wanted).mean()) for p in PENALTIES]
    penalty = float(PENALTIES[int(np.argmin(errors))])
    weights = rows.T @ (axes @ (along / (sizes + penalty))) * scale
    return Ridge(weights, level - float(mean @ weights), penalty, left_out(penalty))
