"""How a number that photos have is shown."""

from dataclasses import dataclass
from typing import Literal

from wespe.results.record import Record

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Score(Record):
    """The heading of a number, its unit, which direction is an improvement, and its decimals."""

    label: str
    """The heading of its column."""
    unit: str = ""
    """Empty for a number without a unit."""
    better: Better | None = None
    """Null for a number that only describes."""
    decimals: int = 2
    """The number of decimals that its values are shown with."""

    def text(self, value: float, decimals: int | None = None) -> str:
        """`value` with its decimals, or others, and a true minus."""
        shown = self.decimals if decimals is None else decimals
        return typeset(value, f".{shown}f")


def typeset(value: float, form: str) -> str:
    """`value` in the format `form`, with a true minus."""
    return format(value, form).replace("-", "−")
