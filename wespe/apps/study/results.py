"""From votes to figures: who failed the catch trials, preferences, ratings, agreement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wespe.apps.study import statistics
from wespe.apps.study.folder import DEGRADED, ENHANCED, Study
from wespe.apps.study.paper import PAPER, paper_fraction
from wespe.apps.study.records import Subject, Vote
from wespe.results.statistics import cluster_interval, wilson
from wespe.results.studies import (
    Agreement,
    Flagged,
    Opinion,
    OpinionOfAll,
    Preference,
    PreferenceOfAll,
    Strength,
    StudyFigures,
    Subjects,
)

_FAIL_RATING = 3
_MOST_FAILED = 0.25


@dataclass(frozen=True)
class Attention:
    """How a subject did in the catch trials."""

    subject: int
    catches: int
    failed: int

    @property
    def flagged(self) -> bool:
        """Whether more than a quarter of them failed."""
        return self.failed > _MOST_FAILED * self.catches


def failed(vote: Vote) -> bool:
    """Whether a catch trial's spoiled copy was preferred, or rated fair (3) or better."""
    if len(vote.item.methods) == 1:
        return vote.choice >= _FAIL_RATING
    return vote.chosen == DEGRADED


def attention(votes: Sequence[Vote]) -> dict[int, Attention]:
    """By subject, for those who voted."""
    found = {vote.subject: Attention(vote.subject, 0, 0) for vote in votes}
    for vote in votes:
        if vote.item.part == "catch":
            one = found[vote.subject]
            found[vote.subject] = Attention(one.subject, one.catches + 1, one.failed + failed(vote))
    return found


def analyse(study: Study, subjects: Sequence[Subject], votes: Sequence[Vote]) -> StudyFigures:
    """All figures of a study.

    Votes of flagged subjects are left out of all figures but `with_flagged`, and the subjects are
    listed. Raises ValueError without a vote that counts, and where people and simulated subjects
    are mixed.
    """
    kinds = {subject.simulated for subject in subjects if subject.done}
    if len(kinds) > 1:
        raise ValueError("expected votes of people or of simulated subjects, got both in one study")
    checks = attention(votes)
    main = [vote for vote in votes if vote.item.part == "main"]
    kept = [vote for vote in main if not checks[vote.subject].flagged]
    if not kept:
        raise ValueError(
            "expected votes of a subject who passed the catch trials, got none "
            f"({len(subjects)} subjects began, {len(main)} votes)"
        )
    pairs, methods = study.kind == "pairs", _methods(study)
    return StudyFigures(
        study=study.study,
        title=study.title,
        kind=study.kind,
        key=study.key,
        networks=study.networks,
        simulated_subjects=kinds == {True},
        simulated_photos=study.simulated,
        subjects=_who(subjects, checks),
        votes=len(kept),
        preferences=tuple(_preferences(methods, kept, main)) if pairs else (),
        strengths=tuple(_strengths(kept)) if pairs else (),
        ratings=() if pairs else tuple(_ratings(methods, kept, main)),
        agreement=_agreement(study, kept),
        paper=PAPER,
    )


def _who(subjects: Sequence[Subject], checks: Mapping[int, Attention]) -> Subjects:
    return Subjects(
        began=len(subjects),
        voted=len(checks),
        finished=sum(subject.done == subject.trials for subject in subjects),
        flagged=tuple(
            Flagged(subject=one.subject, catches=one.catches, failed=one.failed)
            for one in checks.values()
            if one.flagged
        ),
    )


def _sets(votes: Sequence[Vote]) -> list[str | None]:
    """The sets, and None for all of them where there are several."""
    names: list[str | None] = list(dict.fromkeys(vote.item.set for vote in votes))
    return [*sorted(names, key=str), None] if len(names) > 1 else names


def _of_set(votes: Sequence[Vote], name: str | None) -> list[Vote]:
    return [vote for vote in votes if name in (None, vote.item.set)]


def _methods(study: Study) -> list[str]:
    """What `enhanced` is compared with, or the methods rated, in the order of the study."""
    items = (study.items[number] for number in study.numbers("main"))
    return list(dict.fromkeys(item.methods[-1] for item in items))


def _preferences(
    against: Sequence[str], kept: Sequence[Vote], main: Sequence[Vote]
) -> Iterator[Preference]:
    for name in _sets(kept):
        for other in against:
            if chosen := [v for v in _of_set(kept, name) if v.item.methods[1] == other]:
                everyone = [v for v in _of_set(main, name) if v.item.methods[1] == other]
                yield _preference(chosen, everyone, other, name)


def _preference(
    votes: Sequence[Vote], everyone: Sequence[Vote], against: str, name: str | None
) -> Preference:
    """How often `enhanced` was preferred over `against`."""
    sums, counts = _by_subject(votes, lambda vote: float(vote.chosen == ENHANCED))
    preferred = sum(vote.chosen == ENHANCED for vote in votes)
    of_all = sum(vote.chosen == ENHANCED for vote in everyone)
    return Preference(
        set=name,
        against=against,
        votes=len(votes),
        subjects=len(sums),
        preferred=preferred,
        fraction=preferred / len(votes),
        wilson=wilson(preferred, len(votes)),
        bootstrap=cluster_interval(sums, counts),
        with_flagged=PreferenceOfAll(votes=len(everyone), fraction=of_all / len(everyone)),
        paper=paper_fraction(name, against),
    )


def _by_subject(
    votes: Sequence[Vote], value: Callable[[Vote], float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of a value, and number of votes, of each subject: `(S,)` both."""
    values: dict[int, list[float]] = {}
    for vote in votes:
        values.setdefault(vote.subject, []).append(value(vote))
    sums = [sum(one) for one in values.values()]
    return np.array(sums, np.float64), np.array([len(one) for one in values.values()], np.float64)


def _strengths(votes: Sequence[Vote]) -> Iterator[Strength]:
    """Bradley–Terry strengths of all methods, the strongest of each set first."""
    for name in _sets(votes):
        rows = _strengths_of(_of_set(votes, name), name)
        yield from sorted(rows, key=lambda row: -row.strength)


def _strengths_of(votes: Sequence[Vote], name: str | None) -> Iterator[Strength]:
    methods = sorted({method for vote in votes for method in vote.item.methods})
    places = {method: place for place, method in enumerate(methods)}
    subjects = {number: n for n, number in enumerate(dict.fromkeys(v.subject for v in votes))}
    wins = np.zeros((len(subjects), len(methods), len(methods)))
    for vote in votes:
        (lost,) = set(vote.item.methods) - {vote.chosen}
        wins[subjects[vote.subject], places[vote.chosen], places[lost]] += 1
    values = statistics.strengths(wins.sum(axis=0))
    intervals = statistics.strength_intervals(wins)
    for method, place in places.items():
        yield Strength(
            set=name,
            method=method,
            strength=float(values[place]),
            bootstrap=intervals[place] if intervals else None,
        )


def _ratings(
    methods: Sequence[str], kept: Sequence[Vote], main: Sequence[Vote]
) -> Iterator[Opinion]:
    for name in _sets(kept):
        for method in methods:
            if any(vote.chosen == method for vote in _of_set(kept, name)):
                yield _opinion(kept, main, name, method)


def _opinion(kept: Sequence[Vote], main: Sequence[Vote], name: str | None, method: str) -> Opinion:
    """Mean opinion score of a method; `interval` takes ratings as independent (ITU-R BT.500)."""
    votes = [vote for vote in _of_set(kept, name) if vote.chosen == method]
    everyone = [vote.choice for vote in _of_set(main, name) if vote.chosen == method]
    values = np.array([vote.choice for vote in votes], np.float64)
    sums, counts = _by_subject(votes, lambda vote: float(vote.choice))
    mean = float(values.mean())
    std = float(values.std(ddof=1)) if len(values) > 1 else None
    half = None if std is None else 1.96 * std / float(np.sqrt(len(values)))
    return Opinion(
        set=name,
        method=method,
        votes=len(votes),
        subjects=len(sums),
        mean=mean,
        std=std,
        interval=None if half is None else (mean - half, mean + half),
        bootstrap=cluster_interval(sums, counts),
        with_flagged=OpinionOfAll(votes=len(everyone), mean=float(np.mean(everyone))),
    )


def _agreement(study: Study, votes: Sequence[Vote]) -> Agreement:
    """Whether subjects agree on which trials differ from others."""
    level: Literal["nominal", "interval"] = "nominal" if study.kind == "pairs" else "interval"
    units: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for vote in votes:
        unit = (vote.item.set, vote.item.photo, vote.item.methods)
        answer = int(vote.chosen == ENHANCED) if study.kind == "pairs" else vote.choice
        units.setdefault(unit, []).append(answer)
    return Agreement(
        level=level,
        krippendorff_alpha=statistics.krippendorff_alpha(units.values(), level),
        same_answer=statistics.same_answer(units.values()),
    )
