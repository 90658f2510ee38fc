"""What every kind of rater does: it learns from photos, scores one, and is saved as safetensors.

To add a kind, write a package `wespe/judging/raters/KIND/` with its settings (a `RaterSettings`
whose `rater` names the class as `module:class`) and the class, a `Rater`, and add it to `registry`.
Rules, commands, card and the rating of enhanced photos are the same for all kinds.
"""

import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from wespe.core.device import Device
from wespe.core.files import atomic_file
from wespe.judging.raters.registry import RATERS
from wespe.networks.fitting.engine import Log
from wespe.networks.tensor_file import misfit, read_tensors
from wespe.photos.images import Pixels
from wespe.results.index import PhotoIndex
from wespe.results.score import Score

FORMAT = "wespe-rater/1"
Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """What a rater learns from, in addition to its settings.

    `folder`: that of the source, `data/sources/NAME`, with `index.json` and whatever tables the
    source writes; `photos`: the index, read. `seed` decides all that is random. `device`: where and
    in which precision networks run. `state`: an existing folder for what a stopped fit resumes
    from; the caller removes it when the rater is written. `log(step, values)` receives
    the losses during training, if there are steps.
    """

    name: str
    folder: Path
    photos: PhotoIndex
    seed: int
    device: Device
    state: Path
    log: Log = lambda step, values: None


@dataclass(frozen=True)
class Fitted:
    """A rater that has learned.

    `figures`: JSON, what this kind measured, such as accuracy with its interval. `says`: the same
    in sentences. `limits`: the card's sentences about what the scores do not show. `records`: the
    lines of `losses.jsonl`, each a mapping of numbers with `step`; empty if nothing is trained in
    steps.
    """

    rater: "Rater"
    figures: Mapping[str, Any]
    says: Sequence[str] = ()
    limits: Sequence[str] = ()
    records: Sequence[Mapping[str, float]] = field(default=())


class Rater(ABC):
    """A judge of single photos.

    Where it looks in a photo may depend only on the photo's size and on the rater. So an original
    and its enhancements, which have the same size, are judged at the same places.
    """

    kind: ClassVar[str]
    """Its key in `RATERS`."""

    @property
    @abstractmethod
    def shown(self) -> Score:
        """How the score is shown: the heading of its column, the better direction."""

    @classmethod
    @abstractmethod
    def fit(cls, settings: Any, task: Task) -> Fitted:
        """Learn, or resume an earlier call with the same `task.state`.

        `settings`: the kind's `RaterSettings`. Raises ValueError, naming the source or the file,
        for photos that it cannot learn from, and BusyError where another process does.
        """

    @abstractmethod
    def score(self, photo: Pixels) -> float:
        """The score of one photo, uint8 `(H, W, 3)` sRGB; the same pixels give the same score.

        Raises ValueError, without the file's name, for a photo that is too small.
        """

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """All that `build` needs besides the tensors, as JSON."""

    @abstractmethod
    def tensors(self) -> Tensors:
        """What was learned, by name."""

    @classmethod
    @abstractmethod
    def build(cls, config: Mapping[str, Any], tensors: Tensors, device: Device) -> Self:
        """The rater of a file, at `device`. Raises KeyError, TypeError, ValueError or RuntimeError
        where the two do not agree."""


def save_rater(path: Path, rater: Rater) -> None:
    """Write the rater, atomically; the same rater gives the same bytes."""
    header = {"format": FORMAT, "kind": rater.kind, "config": rater.config}
    tensors = {name: np.ascontiguousarray(value) for name, value in rater.tensors().items()}
    # One key only: safetensors writes several in an order that changes from run to run.
    content = save(tensors, {"wespe": json.dumps(header, sort_keys=True)})
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def load_rater(path: Path, device: Device) -> Rater:
    """The rater of a file. Raises ValueError, naming it, for one that is missing or no rater."""
    header, tensors = read_tensors(path, what="rater", form=FORMAT, framework="np")
    if header["kind"] not in RATERS:
        known = ", ".join(RATERS)
        raise ValueError(f"{path}: expected a kind among {known}, got {header['kind']!r}")
    try:
        return class_of(header["kind"]).build(header["config"], tensors, device)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise misfit(path, "settings and tensors", error) from error


def class_of(kind: str) -> type[Rater]:
    """The class of a kind in `RATERS`."""
    found: type[Rater] = pkgutil.resolve_name(RATERS[kind].rater)
    return found
