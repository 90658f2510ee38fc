"""What raters of all kinds share that are fitted to people's scores of photos."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wespe.core.words import number_of
from wespe.judging.raters.base import Rater, Task
from wespe.photos.images import read_photo
from wespe.results.agreement import Agreement, agreement
from wespe.results.index import PhotoEntry, PhotoIndex

FEWEST_LEARNED, FEWEST_HELD_OUT = 10, 6


@dataclass(frozen=True)
class People:
    """The photos that people scored: those to learn from, and those held out to be judged on."""

    learned: Sequence[PhotoEntry]
    held_out: Sequence[PhotoEntry]

    @property
    def opinions(self) -> list[float]:
        """The mean opinion scores to learn from."""
        return mos_of(self.learned)


def mos_of(photos: Sequence[PhotoEntry]) -> list[float]:
    """The mean opinion scores of photos that all have one."""
    return [entry.mos for entry in photos if entry.mos is not None]


def read_people(index: PhotoIndex) -> People:
    """The scored photos of a source.

    Raises ValueError that names the source if it has no scores, too few to learn from or to be
    judged on, or only equal ones.
    """
    scored = [entry for entry in index.photos if entry.mos is not None]
    people = People(
        [entry for entry in scored if not entry.held_out],
        [entry for entry in scored if entry.held_out],
    )
    if not scored:
        raise ValueError(
            f"source {index.source}: expected people's scores, got none; a source of kind folder "
            "has them if its setting `scores` names their file"
        )
    learned, held_out = len(people.learned), len(people.held_out)
    if learned < FEWEST_LEARNED or held_out < FEWEST_HELD_OUT:
        raise ValueError(
            f"source {index.source}: expected at least {FEWEST_LEARNED} photos with scores to "
            f"learn from and {FEWEST_HELD_OUT} held out, got {learned} and {held_out}"
        )
    if min(len(set(mos_of(part))) for part in (people.learned, people.held_out)) == 1:
        raise ValueError(f"source {index.source}: expected different scores, got only equal ones")
    return people


def label(name: str, *, simulated: bool) -> str:
    """The heading of what was fitted to people's scores, or to simulated ones."""
    return f"{name} (fitted to {'simulated scores' if simulated else 'people'})"


def judged(rater: Rater, people: People, task: Task) -> Agreement:
    """How far the rater agrees with people on the photos that it has not seen."""
    paths = [task.photos.path(entry) for entry in people.held_out]
    scores = [rater.score(read_photo(path).pixels) for path in paths]
    return agreement(scores, mos_of(people.held_out), lower=rater.shown.better == "lower")


def figures(people: People, found: Agreement) -> dict[str, Any]:
    """What a card has in `figures` of such a fit."""
    return {
        "fitted_to": "people's scores",
        "photos_learned": len(people.learned),
        "photos_held_out": len(people.held_out),
        "agreement": asdict(found),
    }


def says(people: People, found: Agreement) -> tuple[str, ...]:
    """The same in sentences."""
    return (
        f"fitted to people's scores of {number_of(len(people.learned), 'photo')}",
        f"Spearman correlation with people's scores of {found.n} photos that it has not seen: "
        f"{found.spearman.text}; Pearson {found.pearson.text}",
    )


LIMITS = (
    "It repeats what people said of whole photos, of what they show as well as of how well it is "
    "shown. That says little of whether they would see the difference between a photo and its "
    "enhancement.",
    "Its scores are on the scale of those people, and mean something only beside each other.",
)
