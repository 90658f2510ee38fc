"""The linear map that moves the channels jointly, from one set of colours to another.

Curves match each channel by itself; which red goes with which blue they cannot see, and so a blue
sky turned violet. The linear map between two Gaussians that moves colours least (Pitié and Kokaram,
"The linear Monge-Kantorovitch linear colour mapping", 2007) gives them the other set's covariance.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wespe.training.transport.chance import LARGEST_GAIN, add_trusted, jackknife, total

Array = NDArray[np.float64]


def moments(colours: Array) -> Array:
    """Count, sums and sums of products of colours `(n, 3)`: `(4, 4)`, which add up over parts."""
    extended = np.column_stack([np.ones(len(colours)), colours])
    products: Array = extended.T @ extended
    return products


def fit_mixing(source: Sequence[Array], target: Sequence[Array]) -> Array:
    """The map from colours of X to the covariance of Y, `(3, 3)`, to multiply from the right.

    `source`, `target`: `moments` of each part of the domain's photos. What it changes in all
    channels alike, and what it changes between them, are each shrunk by what chance explains;
    domains of one part are taken as they are.
    """

    def change(x: Array, y: Array) -> Array:
        return _mapping(_covariance(x), _covariance(y)) - np.eye(3)

    def energy(change: Array) -> float:
        return float(np.trace(change.T @ covariance @ change))

    found, errors = jackknife(change, source, target, total)
    covariance = _covariance(np.sum(source, axis=0))
    return add_trusted(np.eye(3), found, errors, energy)


def _covariance(sums: Array) -> Array:
    mean = sums[0, 1:] / sums[0, 0]
    # A little noise, as rounding to 8 bits makes it: grey photos have a singular covariance.
    covariance: Array = sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)
    return covariance + np.eye(3) / 12 / 255**2


def _mapping(source: Array, target: Array) -> Array:
    root, inverse = _power(source, 0.5), _power(source, -0.5)
    values, axes = np.linalg.eigh(inverse @ _power(root @ target @ root, 0.5) @ inverse)
    # Grey photos ask for a hundred times the colour.
    mapping: Array = (axes * values.clip(1 / LARGEST_GAIN, LARGEST_GAIN)) @ axes.T
    return mapping


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    power: Array = (vectors * values**exponent) @ vectors.T
    return power
