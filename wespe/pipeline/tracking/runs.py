"""One run of MLflow: what a training, its evaluations and its ratings leave there."""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.photos.images import read_photo
from wespe.pipeline.tracking.connection import give_up
from wespe.pipeline.tracking.tags import ROLLBACKS, WARNING, card_tags

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# One call with 50 metrics takes about as long as six calls with one each.
_BATCH = 50
_IMAGES = 4


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

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Record `values` at `step`, in batches; steps recorded before a resume are skipped."""
        if self._client is None or step <= self._last_step:
            return
        now = round(time.time() * 1000)
        self._waiting += [(key, value, now, step) for key, value in values.items()]
        if len(self._waiting) >= _BATCH:
            self._flush()

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record single values, such as an evaluation's."""
        now = round(time.time() * 1000)
        self._waiting += [(key, value, now, 0) for key, value in values.items()]
        self._flush()

    def tag(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        for key, value in values.items():
            self._call("set_tag", key, value)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, in a folder of the run."""
        self._call("log_artifact", str(path), folder)

    def finish(self, card: Mapping[str, Any], out: Path) -> None:
        """Record what a training left in `out`: versions of network and data, speed and samples.

        `register` keeps the network itself. Where training diverged, tags say so:
        `wespe.rollbacks`, a line each, and `wespe.warning`.
        """
        story = "\n".join(f"step {event['step']}: {event['reason']}" for event in card["rollbacks"])
        said = {ROLLBACKS: story, WARNING: card["warning"]}
        self.tag(card_tags(card) | {key: text for key, text in said.items() if text})
        self.metrics({key: card[key] for key in ("train_seconds", "patches_per_second")})
        self.metrics({"rollbacks": len(card["rollbacks"])})
        for sheet in sorted((out / "samples").glob("*.jpg")):
            self.artifact(sheet, "samples")
            self.image("samples", sheet, step=int(sheet.stem))

    def finish_rater(self, card: Mapping[str, Any], out: Path) -> None:
        """Record what the fit of a rater left in `out`: all figures of its card, versions, files.

        They have the card's own names, such as `accuracy.share`.
        """
        about = ("settings", "data", "seed")
        self.tag(card_tags(card))
        self.metrics(dict(_figures({key: card[key] for key in card if key not in about})))
        for name in ("rater.json", "losses.jsonl"):
            self.artifact(out / name)

    def evaluation(self, summary: Mapping[str, Any], out: Path, *, main: bool) -> None:
        """Record an evaluation: its `means`, the tables and the pictures.

        Names are those of the photos, so runs of several pairs have the same; those of a pair's
        `main` evaluation are also there without, to compare pairs that were tested on others.
        """
        photos = summary["photos"]
        self.metrics(means(summary) | (means(summary, prefix="") if main else {}))
        for file in (out / "images.csv", out / "summary.json"):
            self.artifact(file, photos)
        for kind in ("pictures", "crops"):
            for picture in sorted((out / kind).iterdir()):
                self.artifact(picture, f"{photos}/{kind}")
        for stem in summary["gallery"][:_IMAGES]:
            self.image(f"{photos}/{stem}", out / "crops" / f"{stem}.enhanced.jpg")

    def rating(self, summary: Mapping[str, Any], out: Path, *, main: bool) -> None:
        """Record a rating: its `score_means` and its files, named as in `evaluation`."""
        self.metrics(score_means(summary) | (score_means(summary, prefix="") if main else {}))
        for file in (out / "scores.csv", out / "summary.json"):
            self.artifact(file, f"ratings/{summary['rating']}")

    def image(self, key: str, path: Path, step: int = 0) -> None:
        """Show a picture where MLflow lays those of several runs side by side, by key and step."""
        if self._client is not None:
            # It takes letters, digits and a few signs.
            key = re.sub(r"[^\w\-./ ]", "_", key, flags=re.ASCII)
            self._call("log_image", read_photo(path).pixels, None, key, step)

    def end(self, status: str) -> None:
        """Close the run as FINISHED, FAILED or KILLED; the pipeline's goes on where it can."""
        self._flush()
        self._call("set_terminated", status)
        if self._parent and status != "FINISHED" and self._client is not None:
            self._id = self._parent
            self._call("set_terminated", status)

    def _flush(self) -> None:
        if self._client is not None and self._waiting:
            from mlflow.entities import Metric

            self._call("log_batch", [Metric(*values) for values in self._waiting])
        self._waiting.clear()

    def _call(self, method: str, *values: Any) -> None:
        if self._client is None:
            return
        try:
            getattr(self._client, method)(self._id, *values)
        except Exception as error:
            give_up(error)
            self._client = None


def means(summary: Mapping[str, Any], prefix: str | None = None) -> dict[str, float]:
    """The means of an evaluation as `PHOTOS.METHOD.METRIC`; those it has."""
    start = f"{summary['photos']}." if prefix is None else prefix
    return {
        f"{start}{method}.{metric}": value["mean"]
        for method, metrics in summary["methods"].items()
        for metric, value in metrics.items()
        if value["mean"] is not None
    }


def score_means(summary: Mapping[str, Any], prefix: str | None = None) -> dict[str, float]:
    """The means of a rating as `PHOTOS.METHOD.SCORE`, and as `PHOTOS.METHOD.SCORE_change` those of
    the differences to the original, photo by photo."""
    start = f"{summary['photos']}." if prefix is None else prefix
    found = {}
    for method, score in summary["methods"].items():
        key = f"{start}{method}.{summary['metric']}"
        found[key] = score["mean"]
        if "difference" in score:
            found[f"{key}_change"] = score["difference"]["mean"]
    return found


def _figures(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested mappings by dotted keys."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{key}", float(value)
