"""What a study knows of its subjects: where they are, and what they answered."""

from dataclasses import dataclass

from wespe.apps.study.folder import Item, Kind, Part

CHOICES: dict[Kind, range] = {"pairs": range(2), "ratings": range(1, 6)}
"""What a vote may be: the side, 0 left and 1 right, or the rating."""


@dataclass(frozen=True)
class Trial:
    """What one subject sees at one position; `pictures` are tokens, the left one first."""

    position: int
    part: Part
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """How far a subject is: `trials` of them `done`, and the next ones, fewer at the end."""

    code: str
    done: int
    trials: int
    coming: tuple[Trial, ...]


@dataclass(frozen=True)
class Subject:
    """Who takes part, by number, and how many of their trials are done."""

    number: int
    simulated: bool
    trials: int
    done: int


@dataclass(frozen=True)
class Vote:
    """A subject's answer to an item."""

    subject: int
    position: int
    item: Item
    swapped: bool
    choice: int
    seconds: float
    at: str

    @property
    def shown(self) -> tuple[str, ...]:
        """The methods as they were seen, the left one first."""
        return self.item.methods[::-1] if self.swapped else self.item.methods

    @property
    def chosen(self) -> str:
        """The method that was preferred; of a rating, the one that was rated."""
        return self.shown[self.choice] if len(self.shown) == 2 else self.shown[0]
