"""How a cell of any table is made from a mean over photos."""

from wespe.results.means import Mean
from wespe.results.tables import Cell


def cell_of(found: Mean | None) -> Cell:
    """A mean and its interval; empty where there is none."""
    if found is None or found.mean is None:
        return Cell()
    return Cell(value=found.mean, low=found.low, high=found.high, n=found.n)
