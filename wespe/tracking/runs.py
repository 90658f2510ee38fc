"""The record of a training and of the evaluations of its network: one run."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.images import read_photo
from wespe.tracking.connection import CHECKPOINT, connect, give_up, search
from wespe.tracking.pipeline import pipeline_run
from wespe.tracking.tags import PAIR, PARENT, ROLLBACKS, STATE, WARNING, card_tags

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from wespe import config
    from wespe.recipes.base import Recipe

# One call with 50 metrics takes about as long as six calls with one each.
_BATCH = 50
_PARAMS_A_CALL = 100
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


@contextmanager
def training(
    settings: "config.Run",
    name: str,
    pair: "config.Pair",
    recipe: "Recipe",
    *,
    seed: int,
    state_key: str,
    pipeline: str = "",
) -> Iterator[Run]:
    """The record of the training of the pair `name`, closed with its outcome.

    `settings.tracking` is MLflow's URI, empty for no record, and `settings.name` the experiment. A
    training that goes on after a stop, which its `state_key` tells, goes on with its run.
    `pipeline`: the `pipeline_key` of the run above it, empty for none.
    """
    record = Run()
    if settings.tracking:
        chosen = {"compute": settings.compute, **pair.model_dump(), "seed": seed}
        try:
            record = _begin(settings, name, state_key, pipeline, chosen | recipe.model_dump())
        except Exception as error:
            give_up(error)
    try:
        yield record
    except BaseException as error:
        record.end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    record.end("FINISHED")


def find_run(settings: "config.Run", checkpoint_sha256: str) -> Run:
    """The run that trained a checkpoint, or one that records nothing if there is none."""
    if settings.tracking:
        try:
            client, experiment_id = connect(settings.tracking, settings.name)
            for found in search(client, experiment_id, CHECKPOINT, checkpoint_sha256):
                return Run(client, found.info.run_id)
        except Exception as error:
            give_up(error)
    return Run()


def _begin(
    settings: "config.Run", name: str, state_key: str, pipeline: str, params: Mapping[str, Any]
) -> Run:
    from mlflow.entities import Param

    client, experiment_id = connect(settings.tracking, settings.name)
    parent = pipeline_run(client, experiment_id, settings, pipeline) if pipeline else ""
    nested = {PARENT: parent} if parent else {}
    for found in search(client, experiment_id, STATE, state_key):
        if found.info.status != "FINISHED":
            run_id = found.info.run_id
            client.update_run(run_id, status="RUNNING")
            for key, value in nested.items():
                client.set_tag(run_id, key, value)
            return Run(client, run_id, _last_step(client, found), parent)
    tags = {PAIR: name, STATE: state_key, **nested}
    made = client.create_run(experiment_id, tags=tags, run_name=name)
    pairs = [Param(key, str(value)) for key, value in _flatten(params).items()]
    for start in range(0, len(pairs), _PARAMS_A_CALL):
        client.log_batch(made.info.run_id, params=pairs[start : start + _PARAMS_A_CALL])
    return Run(client, made.info.run_id, parent=parent)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _last_step(client: "MlflowClient", found: Any) -> int:
    """The last recorded step, -1 for none; all values of a step are recorded in one call."""
    histories = (client.get_metric_history(found.info.run_id, key) for key in found.data.metrics)
    return max((metric.step for history in histories for metric in history), default=-1)
