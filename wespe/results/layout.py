"""Where every file of a run lies, for rules, commands and DVC alike.

Names may be patterns: `Layout("data", "results").pair("{name}").network` is what a rule makes, and
`Layout("${run.data}", "${run.results}")` writes paths as DVC does. If you have one folder and no
settings, use the class of that folder: `PairFiles(out).card`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

STATES = Path(".wespe")
"""Where stopped work leaves the state that it resumes from, outside all declared outputs."""


def state(kind: Literal["training", "raters", "ratings"], key: str) -> Path:
    """The folder from which a stopped training, fit or rating resumes; `key`: its `state_key`."""
    return STATES / kind / key


@dataclass(frozen=True)
class SourceFiles:
    """What `wespe acquire` makes of a source."""

    folder: Path

    @property
    def index(self) -> Path:
        """`PhotoIndex`."""
        return self.folder / "index.json"


@dataclass(frozen=True)
class PatchFiles:
    """A patch set: `array`, uint8 `(N, S, S, 3)`."""

    array: Path

    @property
    def manifest(self) -> Path:
        """`PatchManifest`."""
        return self.array.with_suffix(".json")


@dataclass(frozen=True)
class PairFiles:
    """A trained pair."""

    folder: Path

    @property
    def network(self) -> Path:
        return self.folder / "generator.safetensors"

    @property
    def card(self) -> Path:
        """`ModelCard`."""
        return self.folder / "generator.json"

    @property
    def losses(self) -> Path:
        """One JSON object per line, see `wespe.results.losses`."""
        return self.folder / "losses.jsonl"

    @property
    def samples(self) -> Path:
        """A folder of sheets, `STEP.jpg` with six digits."""
        return self.folder / "samples"


@dataclass(frozen=True)
class RaterFiles:
    """A fitted rater."""

    folder: Path

    @property
    def rater(self) -> Path:
        return self.folder / "rater.safetensors"

    @property
    def card(self) -> Path:
        """`RaterCard`."""
        return self.folder / "rater.json"

    @property
    def losses(self) -> Path:
        """As for a pair; empty for a rater that is not trained in steps."""
        return self.folder / "losses.jsonl"


@dataclass(frozen=True)
class EvaluationFiles:
    """An evaluation."""

    folder: Path

    @property
    def summary(self) -> Path:
        """`EvaluationSummary`."""
        return self.folder / "summary.json"

    @property
    def images(self) -> Path:
        """A table of `ImageRow`."""
        return self.folder / "images.csv"

    @property
    def pictures(self) -> Path:
        """A folder, `STEM.METHOD.jpg`: whole photos, at most 1600 px on the long side."""
        return self.folder / "pictures"

    @property
    def crops(self) -> Path:
        """A folder, `STEM.METHOD.jpg`: the part of each picture with most detail, as it is."""
        return self.folder / "crops"


@dataclass(frozen=True)
class RatingFiles:
    """A rating."""

    folder: Path

    @property
    def summary(self) -> Path:
        """`RatingSummary`."""
        return self.folder / "summary.json"

    @property
    def scores(self) -> Path:
        """A table of `ScoreRow`."""
        return self.folder / "scores.csv"


@dataclass(frozen=True)
class StudyInputs:
    """The folder of a user study, which people fill: the key to its pictures, and the votes."""

    folder: Path

    @property
    def key(self) -> Path:
        """What is shown; see `wespe.apps.study.folder`."""
        return self.folder / "study.json"

    @property
    def votes(self) -> Path:
        """An SQLite file."""
        return self.folder / "votes.sqlite"


@dataclass(frozen=True)
class StudyFiles:
    """The figures of a user study, in three formats: `NAME.json`, `NAME.md` and `NAME.csv`."""

    folder: Path
    name: str

    @property
    def figures(self) -> Path:
        """`StudyFigures`."""
        return self.folder / f"{self.name}.json"

    @property
    def text(self) -> Path:
        return self.folder / f"{self.name}.md"

    @property
    def table(self) -> Path:
        return self.folder / f"{self.name}.csv"


@dataclass(frozen=True)
class TableFiles:
    """A table, in five formats."""

    folder: Path
    name: str

    @property
    def record(self) -> Path:
        """`Table`."""
        return self.folder / f"{self.name}.json"

    def written(self, suffix: Literal["html", "csv", "md", "tex"]) -> Path:
        """The table in a format for people or other programs."""
        return self.folder / f"{self.name}.{suffix}"


class Layout:
    """Where the files of a run lie; `data` and `results` are the settings `run.data` and
    `run.results`."""

    def __init__(self, data: str | Path, results: str | Path) -> None:
        self.data, self.results = Path(data), Path(results)

    def source(self, name: str) -> SourceFiles:
        return SourceFiles(self.data / "sources" / name)

    def patches(self, name: str) -> PatchFiles:
        return PatchFiles(self.data / "patches" / f"{name}.npy")

    def pair(self, name: str) -> PairFiles:
        return PairFiles(self.results / "pairs" / name)

    def rater(self, name: str) -> RaterFiles:
        return RaterFiles(self.results / "raters" / name)

    def evaluation(self, name: str) -> EvaluationFiles:
        return EvaluationFiles(self.results / "evaluations" / name)

    def rating(self, name: str) -> RatingFiles:
        return RatingFiles(self.results / "ratings" / name)

    def study(self, name: str) -> StudyFiles:
        return StudyFiles(self.studies, name)

    def table(self, name: str) -> TableFiles:
        return TableFiles(self.tables, name)

    @property
    def studies(self) -> Path:
        """The folder of the figures of all studies."""
        return self.results / "studies"

    @property
    def tables(self) -> Path:
        """The folder of all tables."""
        return self.results / "tables"

    @property
    def report(self) -> Path:
        return self.results / "report.html"

    @property
    def metrics(self) -> Path:
        """The few numbers by which runs are compared, by evaluation and rating."""
        return self.results / "metrics.json"

    def log(self, rule: str, name: str = "") -> Path:
        """The log of a rule; `name` is that of one of its jobs, if it has several."""
        logs = self.results / "logs"
        return logs / rule / f"{name}.log" if name else logs / f"{rule}.log"
