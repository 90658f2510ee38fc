"""What people are told of a number that photos have."""

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
    """Empty where the number has none."""
    better: Better | None = None
    """Null where the number only describes."""
    decimals: int = 2
    """With how many its values are shown."""

    def text(self, value: float, decimals: int | None = None) -> str:
        """`value` with its decimals, or others, and a true minus."""
        shown = self.decimals if decimals is None else decimals
        return f"{value:.{shown}f}".replace("-", "−")
