"""What a rating writes: a score per photo and method, and the means."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from wespe.results.agreement import WithPeople
from wespe.results.csv_file import read_csv
from wespe.results.index import Skipped
from wespe.results.means import DECIMALS, Mean
from wespe.results.record import Record
from wespe.results.score import Score

_COLUMNS = ("image", "method", "score")


@dataclass(frozen=True, kw_only=True)
class MethodScore(Mean):
    """The scores of a method over the photos of a rating."""

    difference: Mean | None = None
    """The difference from the original, photo by photo; null for the originals themselves."""


@dataclass(frozen=True, kw_only=True)
class RatedBy(Record):
    """The rater of a rating, from its card."""

    name: str
    """Its name in the settings."""
    kind: str
    """Its kind, such as `ffs`."""
    simulated: bool
    """Whether it learned from simulated data."""
    sha256: str
    """The SHA-256 of its file."""
    says: tuple[str, ...] = ()
    """How good it is, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class RatingSummary(Record):
    """The summary of a rating. Methods are those of an evaluation."""

    what: ClassVar[str] = "a rating's summary"
    where: ClassVar[str] = "results/ratings/NAME/summary.json"

    rating: str
    """The name of the rating in the settings."""
    rater: RatedBy
    """The rater that gave the scores."""
    pair: str
    """The pair whose network was rated."""
    network: str
    """The hash of the network's file."""
    engine: str
    """What ran the network, such as `torch-cpu-fp32`."""
    shown: Score
    """The heading of its column, the better direction, and decimals."""
    metric: str
    """The name of the score among metrics, such as `cornia_refit`."""
    photos: str
    """The source of the test photos."""
    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels come from a camera simulation."""
    scale: int = 1
    """How many times as wide and high the network makes photos. Above 1 photos were made smaller
    first by bicubic; `original` is the small photo, enlarged by bicubic, `target` the photo."""
    n_images: int
    """The number of photos rated."""
    unreadable: tuple[Skipped, ...] = ()
    """Photos that could not be rated."""
    methods: Mapping[str, MethodScore]
    """The scores by method."""
    people: WithPeople | None = None
    """How far the scores of the originals agree with people's; null where those gave none."""
    seconds: float
    """How long the rating took, including resumed parts."""

    def means(self) -> dict[str, dict[str, float | None]]:
        """Method → the name of the score → mean, and with `_change` the mean difference."""
        found: dict[str, dict[str, float | None]] = {
            method: {self.metric: score.mean} for method, score in self.methods.items()
        }
        for method, score in self.methods.items():
            if score.difference:
                found[method][f"{self.metric}_change"] = score.difference.mean
        return found


@dataclass(frozen=True)
class ScoreRow:
    """A row of `scores.csv`: the score of a photo in the version of one method."""

    image: str
    method: str
    score: float


def write_scores(path: Path, scores: Iterable[ScoreRow]) -> None:
    """Write `scores.csv`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(_COLUMNS)
        table.writerows([row.image, row.method, f"{row.score:.{DECIMALS}f}"] for row in scores)


def read_scores(path: Path) -> list[ScoreRow]:
    """The rows of `scores.csv`; ValueError names the file and the line of a wrong one."""
    scores = []
    for line, row in read_csv(path, _COLUMNS, "a table of scores"):
        try:
            scores.append(ScoreRow(row["image"], row["method"], float(row["score"])))
        except (ValueError, TypeError) as error:
            expected = "expected a number for score"
            raise ValueError(f"{path}, line {line}: {expected}, got {row}") from error
    return scores
