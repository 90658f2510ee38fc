"""One run of MLflow: what a training, its evaluations and its ratings leave there."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.core.flat import flat
from wespe.photos.images import read_photo
from wespe.pipeline.tracking.connection import give_up, put_off, unreachable
from wespe.pipeline.tracking.tags import ROLLBACKS, WARNING, card_tags
from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.evaluations import EvaluationSummary
from wespe.results.layout import EvaluationFiles, PairFiles, RaterFiles, RatingFiles
from wespe.results.methods import ENHANCED
from wespe.results.rater_card import RaterCard
from wespe.results.ratings import RatingSummary

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# One call with 50 metrics takes about as long as six calls with one each.
_BATCH = 50
_MOST_A_CALL = 500  # MLflow takes 1000
_AWAY_S = 60.0  # between two tries to reach a server that was away
_IMAGES = 4


def create_run(
    client: "MlflowClient", experiment_id: str, name: str, tags: Mapping[str, str]
) -> str:
    """The id of a new run.

    `name`: for a training, that of the pair or the rater, as in the settings; for the pipeline, the
    settings' `run.name` and the beginning of its key.
    """
    return str(client.create_run(experiment_id, tags=dict(tags), run_name=name).info.run_id)


class Run:
    """One run of MLflow; without a client every method does nothing."""

    def __init__(
        self,
        client: "MlflowClient | None" = None,
        run_id: str = "",
        last_step: int = -1,
        parent: str = "",
    ) -> None:
        self._client, self._id, self._last_step, self._parent = client, run_id, last_step, parent
        self._waiting: list[tuple[str, float, int, int]] = []
        self._again_s: float | None = None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Record `values` at `step`, in batches; steps recorded before a resume are skipped.

        While a server is away they are kept, and sent once it is back.
        """
        if self._client is None or step <= self._last_step:
            return
        now = round(time.time() * 1000)
        self._waiting += [(key, value, now, step) for key, value in values.items()]
        rested = self._again_s is None or time.monotonic() >= self._again_s
        if len(self._waiting) >= _BATCH and rested:
            self._flush()

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record single values, such as an evaluation's."""
        now = round(time.time() * 1000)
        self._waiting += [(key, value, now, 0) for key, value in values.items()]
        self._flush(last=True)

    def tag(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        for key, value in values.items():
            self._call("set_tag", key, value)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, in a folder of the run."""
        self._call("log_artifact", str(path), folder)

    def finish(self, card: ModelCard, out: Path) -> None:
        """Record what a training left in `out`: versions of network and data, speed and samples.

        `register` keeps the network itself. Where training diverged, tags say so:
        `wespe.rollbacks`, a line each, and `wespe.warning`.
        """
        story = "\n".join(f"step {event.step}: {event.reason}" for event in card.rollbacks)
        said = {ROLLBACKS: story, WARNING: card.warning}
        self.tag(card_tags(card) | {key: text for key, text in said.items() if text})
        speed = {"train_seconds": card.train_seconds, "patches_per_second": card.patches_per_second}
        self.metrics({**speed, "rollbacks": len(card.rollbacks)})
        for sheet in sorted(PairFiles(out).samples.glob("*.jpg")):
            self.artifact(sheet, "samples")
            self.image("samples", sheet, step=int(sheet.stem))

    def finish_import(self, card: NetworkCard) -> None:
        """Record whose network was imported, and its version."""
        self.tag(card_tags(card))

    def finish_rater(self, card: RaterCard, out: Path) -> None:
        """Record what the fit of a rater left in `out`: all figures of its card, versions, files.

        They have the card's own names, such as `accuracy.share`.
        """
        self.tag(card_tags(card))
        figures = {
            key: float(value)
            for key, value in flat(card.figures)
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        self.metrics(figures)
        files = RaterFiles(out)
        for file in (files.card, files.losses):
            self.artifact(file)

    def evaluation(self, summary: EvaluationSummary, out: Path, *, main: bool) -> None:
        """Record an evaluation: its `means`, the tables and the pictures.

        Names are those of the photos, so runs of several pairs have the same; those of a pair's
        `main` evaluation are also there without, to compare pairs that were tested on others.
        """
        photos, files = summary.photos, EvaluationFiles(out)
        self.metrics(means(summary) | (means(summary, prefix="") if main else {}))
        for file in (files.images, files.summary):
            self.artifact(file, photos)
        for folder in (files.pictures, files.crops):
            for picture in sorted(folder.iterdir()):
                self.artifact(picture, f"{photos}/{folder.name}")
        for stem in summary.gallery[:_IMAGES]:
            self.image(f"{photos}/{stem}", files.crops / f"{stem}.{ENHANCED}.jpg")

    def rating(self, summary: RatingSummary, out: Path, *, main: bool) -> None:
        """Record a rating: its `means` and its files, named as in `evaluation`."""
        self.metrics(means(summary) | (means(summary, prefix="") if main else {}))
        files = RatingFiles(out)
        for file in (files.scores, files.summary):
            self.artifact(file, f"ratings/{summary.rating}")

    def image(self, key: str, path: Path, step: int = 0) -> None:
        """Show a picture where MLflow lays those of several runs side by side, by key and step."""
        if self._client is not None:
            # It takes letters, digits and a few signs.
            key = re.sub(r"[^\w\-./ ]", "_", key, flags=re.ASCII)
            self._call("log_image", read_photo(path).pixels, None, key, step)

    def end(self, status: str) -> None:
        """Close the run as FINISHED, FAILED or KILLED; the pipeline's goes on where it can."""
        self._flush(last=True)
        self._call("set_terminated", status)
        if self._parent and status != "FINISHED" and self._client is not None:
            self._id = self._parent
            self._call("set_terminated", status)

    def _flush(self, *, last: bool = False) -> None:
        """Send what waits; where a server is away, that stays, unless this is the `last` chance."""
        if self._client is None or not self._waiting:
            self._waiting.clear()
            return
        from mlflow.entities import Metric

        while self._client is not None and self._waiting:
            batch = [Metric(*values) for values in self._waiting[:_MOST_A_CALL]]
            try:
                self._client.log_batch(self._id, batch)
            except Exception as error:
                if not last and unreachable(error):
                    if self._again_s is None:
                        put_off(error)
                    self._again_s = time.monotonic() + _AWAY_S
                    return
                self._break(error)
            del self._waiting[:_MOST_A_CALL]
        self._waiting.clear()

    def _call(self, method: str, *values: Any) -> None:
        if self._client is None:
            return
        try:
            getattr(self._client, method)(self._id, *values)
        except Exception as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        give_up(error)
        self._client = None


def means(
    summary: EvaluationSummary | RatingSummary, prefix: str | None = None
) -> dict[str, float]:
    """The means of an evaluation or a rating as `PHOTOS.METHOD.METRIC`; those it has."""
    start = f"{summary.photos}." if prefix is None else prefix
    return {
        f"{start}{method}.{metric}": mean
        for method, metrics in summary.means().items()
        for metric, mean in metrics.items()
        if mean is not None
    }
