"""The figures of a user study: preferences or ratings, their intervals, and agreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from wespe.results.record import Record

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Flagged(Record):
    """A subject who failed more than a quarter of the catch trials."""

    subject: int
    """The subject's number."""
    catches: int
    """How many catch trials they answered."""
    failed: int
    """How many of these they failed."""


@dataclass(frozen=True, kw_only=True)
class Subjects(Record):
    """The subjects who took part."""

    began: int
    """How many subjects began."""
    voted: int
    """How many gave at least one answer."""
    finished: int
    """How many answered all trials."""
    flagged: tuple[Flagged, ...]
    """The subjects whose votes count only in `with_flagged`."""


@dataclass(frozen=True, kw_only=True)
class PreferenceOfAll(Record):
    """A preference with the votes of flagged subjects."""

    votes: int
    """The number of votes."""
    fraction: float
    """The share of them that preferred `enhanced`."""


@dataclass(frozen=True, kw_only=True)
class PaperFraction(Record):
    """The figure of the paper's own study for a set of the same name."""

    fraction: float
    """The share that preferred WESPE."""
    plus_minus: float
    """The paper's ±."""


@dataclass(frozen=True, kw_only=True)
class Preference(Record):
    """How often `enhanced` was preferred over another method."""

    set: str | None
    """The set of photos; null for all of them."""
    against: str
    """The other method."""
    votes: int
    """The number of votes."""
    subjects: int
    """The number of subjects."""
    preferred: int
    """The votes that preferred `enhanced`."""
    fraction: float
    """Their share."""
    wilson: Interval
    """Its 95 % interval, as if all votes were independent."""
    bootstrap: Interval | None
    """Its 95 % interval with whole subjects resampled; null for fewer than six subjects."""
    with_flagged: PreferenceOfAll
    """The same with flagged subjects."""
    paper: PaperFraction | None
    """The paper's figure, if it has one."""


@dataclass(frozen=True, kw_only=True)
class Strength(Record):
    """The Bradley–Terry strength of a method."""

    set: str | None
    """The set of photos; null for all of them."""
    method: str
    """The method."""
    strength: float
    """Strengths have mean zero; a difference of 1 is a preference of 73 %."""
    bootstrap: Interval | None
    """Its 95 % interval with whole subjects resampled; null for fewer than six subjects."""


@dataclass(frozen=True, kw_only=True)
class OpinionOfAll(Record):
    """An opinion score with the ratings of flagged subjects."""

    votes: int
    """The number of ratings."""
    mean: float
    """Their mean."""


@dataclass(frozen=True, kw_only=True)
class Opinion(Record):
    """The mean opinion score of a method, from 1 (bad) to 5 (excellent)."""

    set: str | None
    """The set of photos; null for all of them."""
    method: str
    """The method."""
    votes: int
    """The number of ratings."""
    subjects: int
    """The number of subjects."""
    mean: float
    """The mean of all ratings."""
    std: float | None
    """Their standard deviation (ddof 1); null for a single one."""
    interval: Interval | None
    """The 95 % interval of the mean, as if all ratings were independent (ITU-R BT.500)."""
    bootstrap: Interval | None
    """Its 95 % interval with whole subjects resampled; null for fewer than six subjects."""
    with_flagged: OpinionOfAll
    """The same with flagged subjects."""


@dataclass(frozen=True, kw_only=True)
class Agreement(Record):
    """Whether subjects agree on which trials differ from the others."""

    level: Literal["nominal", "interval"]
    """The level of measurement."""
    krippendorff_alpha: float | None
    """Krippendorff's alpha; null where all answers are equal."""
    same_answer: float | None
    """How often two subjects gave the same answer; null where no trial was answered twice."""


@dataclass(frozen=True, kw_only=True)
class PaperRow(Record):
    """A row of the paper's table 5."""

    against: str
    """What WESPE is compared with."""
    fractions: Mapping[str, Interval]
    """Set → the share that preferred WESPE, and the paper's ±."""


@dataclass(frozen=True, kw_only=True)
class PaperStudy(Record):
    """The paper's own study, with other people and other photos."""

    source: str
    """Where its figures are printed."""
    about: str
    """What was asked, and of whom."""
    table_5: tuple[PaperRow, ...]
    """Its results."""


@dataclass(frozen=True, kw_only=True)
class StudyFigures(Record):
    """The figures of a user study. Votes of flagged subjects count only in `with_flagged`."""

    what: ClassVar[str] = "the figures of a study, by `wespe study report`"
    where: ClassVar[str] = "results/studies/NAME.json"

    study: str
    """The name of the study's folder."""
    title: str
    """What subjects were asked."""
    kind: Literal["pairs", "ratings"]
    """Which of two is preferred, or ratings from 1 to 5."""
    key: str
    """A hash of all that is shown."""
    networks: Mapping[str, str]
    """Set → hash of the network that made `enhanced`."""
    simulated_subjects: bool
    """Whether the subjects are simulated, in a trial run."""
    simulated_photos: bool
    """Whether any of the photos come from a camera simulation."""
    subjects: Subjects
    """The subjects who took part."""
    votes: int
    """The votes that count."""
    preferences: tuple[Preference, ...] = ()
    """Empty for a study of ratings."""
    strengths: tuple[Strength, ...] = ()
    """The strongest first; empty for a study of ratings."""
    ratings: tuple[Opinion, ...] = ()
    """Empty for a study of pairs."""
    agreement: Agreement
    """Whether subjects agree."""
    paper: PaperStudy
    """The paper's own study, never mixed with this one."""
