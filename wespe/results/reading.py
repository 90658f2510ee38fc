"""The folders of results: everything in one of them, read and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wespe.results.badges import Badge, badge_of
from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.evaluations import EvaluationSummary, ImageRow, read_images
from wespe.results.layout import EvaluationFiles, PairFiles, RatingFiles
from wespe.results.losses import LossRecord, read_losses
from wespe.results.networks import read_card_file
from wespe.results.ratings import RatingSummary, read_scores
from wespe.results.record import read_record


@dataclass(frozen=True)
class PairResult:
    """The folder of a trained pair."""

    name: str
    card: ModelCard
    losses: Sequence[LossRecord]
    sheets: Sequence[Path]
    """Sample sheets, by step."""

    @property
    def badge(self) -> Badge:
        return badge_of(self.card)


@dataclass(frozen=True)
class ImportedResult:
    """The folder of a pair whose network others have trained."""

    name: str
    card: NetworkCard

    @property
    def badge(self) -> Badge:
        return badge_of(self.card)


@dataclass(frozen=True)
class EvaluationResult:
    """The folder of an evaluation."""

    name: str
    summary: EvaluationSummary
    images: Sequence[ImageRow]
    pictures: Mapping[str, Mapping[str, Path]]
    """Shown photo → method → file."""
    crops: Mapping[str, Mapping[str, Path]]
    """The same for its part that is shown pixel by pixel."""


@dataclass(frozen=True)
class RatingResult:
    """The folder of a rating."""

    name: str
    summary: RatingSummary
    scores: Mapping[str, Mapping[str, float]]
    """Photo → method → score."""


def read_pair(name: str, folder: Path) -> PairResult | ImportedResult:
    """Read a pair's files; ValueError names a wrong one."""
    files = PairFiles(folder)
    card = read_card_file(files.card)
    if not isinstance(card, ModelCard):
        return ImportedResult(name, card)
    losses = read_losses(files.losses)
    if not files.samples.is_dir():
        raise ValueError(f"{files.samples}: expected a folder of sample sheets, found none")
    return PairResult(name, card, losses, sorted(files.samples.glob("*.jpg")))


def read_evaluation(name: str, folder: Path) -> EvaluationResult:
    """Read an evaluation's files; raises ValueError that names a wrong one."""
    files = EvaluationFiles(folder)
    return EvaluationResult(
        name,
        read_record(files.summary, EvaluationSummary),
        read_images(files.images),
        _read_pictures(files.pictures),
        _read_pictures(files.crops),
    )


def read_rating(name: str, folder: Path) -> RatingResult:
    """Read a rating's files; raises ValueError that names a wrong one."""
    files = RatingFiles(folder)
    summary = read_record(files.summary, RatingSummary)
    scores: dict[str, dict[str, float]] = {}
    for row in read_scores(files.scores):
        scores.setdefault(row.image, {})[row.method] = row.score
    return RatingResult(name, summary, scores)


def _read_pictures(folder: Path) -> dict[str, dict[str, Path]]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder of {folder.name}, found none")
    pictures: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("*.jpg")):
        photo, dot, method = path.stem.rpartition(".")
        if not dot:
            raise ValueError(f"{path}: expected a name like photo.method.jpg")
        pictures.setdefault(photo, {})[method] = path
    return pictures
