"""The Flickr Faves Score: the mean over five crops of how sure the network is of a fave."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from wespe.core.device import Device, tune
from wespe.core.files import read_json
from wespe.judging.raters.base import Fitted, Rater, Task, Tensors
from wespe.judging.raters.ffs.crops import (
    centre,
    cut,
    five_crops,
    large_enough,
    steps_per_epoch,
    training_batches,
)
from wespe.judging.raters.ffs.network import FfsNetwork, build_network
from wespe.judging.raters.ffs.step import FfsStep, judge
from wespe.networks.fitting.engine import Outcome, Schedule, fit
from wespe.photos.images import Pixels, read_photo
from wespe.results.faves import PARTS, FavePhoto, of_part, read_faves
from wespe.results.score import Score
from wespe.results.statistics import wilson

if TYPE_CHECKING:
    from wespe.judging.raters.ffs.settings import FfsSettings

CHANCE = 0.5
VIEWERS = "viewers.json"
"""Beside the table of faves, where viewers are simulated: their model."""


class FfsRater(Rater):
    """A score in [0, 1]: above 0.5 a photo is taken for one with more faves than the median."""

    kind: ClassVar[str] = "ffs"

    def __init__(
        self, network: FfsNetwork, *, backbone: str, crop_px: int, simulated: bool, device: Device
    ) -> None:
        self._network, self._device = device.put(network).eval(), device
        self._backbone, self._crop_px, self._simulated = backbone, crop_px, simulated

    @property
    def shown(self) -> Score:
        label = "FFS (simulated viewers)" if self._simulated else "FFS"
        return Score(label, better="higher", decimals=3)

    @property
    def config(self) -> dict[str, Any]:
        return {
            "backbone": self._backbone,
            "crop_px": self._crop_px,
            "simulated": self._simulated,
        }

    def score(self, photo: Pixels) -> float:
        height, width = photo.shape[:2]
        crops = cut(photo, five_crops(height, width, self._crop_px))
        logits = judge(self._network, crops, batch_size=len(crops), device=self._device)
        return float(torch.sigmoid(logits.double()).mean())

    def tensors(self) -> Tensors:
        state = self._network.state_dict()
        return {
            name: value.detach().cpu().float().contiguous().numpy()
            for name, value in state.items()
            if value.is_floating_point()
        }

    @classmethod
    def build(cls, config: Mapping[str, Any], tensors: Tensors, device: Device) -> Self:
        network = build_network(config["backbone"], pretrained=False)
        # Counters of batch norm, which scoring does not use, are not kept.
        counters = {
            key: value
            for key, value in network.state_dict().items()
            if not value.is_floating_point()
        }
        network.load_state_dict(
            counters | {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
        )
        return cls(network, **config, device=device)

    @classmethod
    def fit(cls, settings: "FfsSettings", task: Task) -> Fitted:
        photos = read_faves(task.folder, task.photos)
        usable, small = large_enough(photos, settings.crop_px)
        parts = {part: of_part(usable, part) for part in PARTS}
        for part in PARTS:
            if not parts[part]:
                raise ValueError(
                    f"source {task.photos.source}: expected photos for {part} of at least "
                    f"{settings.crop_px} px a side, got none"
                )
        tune(task.device)
        step = _start(settings, task, parts["train"], parts["validation"])
        outcome = _train(settings, task, parts["train"], step)
        assert step.best is not None  # the last step of an epoch has been taken
        step.network.load_state_dict(step.best)
        rater = cls(
            step.network,
            backbone=settings.backbone,
            crop_px=settings.crop_px,
            simulated=task.photos.simulated,
            device=task.device,
        )
        figures = {
            **rater.accuracy(parts["test"], parts["train"], task.folder),
            "epochs": len(step.losses),
            "best_epoch": step.best_epoch,
            "validation_losses": step.losses,
            "train_seconds": round(outcome.seconds, 1),
            "crops_per_second": round(_crops(outcome, parts["train"], settings), 2),
            "splits": {part: _split(parts[part]) for part in PARTS},
            "too_small": [str(photo.path) for photo in small],
        }
        return Fitted(rater, figures, _says(figures), _limits(settings), outcome.records)

    def accuracy(
        self, test: Sequence[FavePhoto], train: Sequence[FavePhoto], folder: Path
    ) -> dict[str, Any]:
        """The figures on photos and owners that the network has not seen."""
        scores = [self.score(read_photo(photo.path).pixels) for photo in test]
        labels = [photo.label for photo in test]
        hits = sum((score > CHANCE) == label for score, label in zip(scores, labels, strict=True))
        low, high = wilson(hits, len(test))
        usual = int(2 * sum(photo.label for photo in train) > len(train))
        measured = {
            "accuracy": {"share": hits / len(test), "low": low, "high": high, "n": len(test)},
            "chance": CHANCE,
            "majority": labels.count(usual) / len(test),
        }
        if (folder / VIEWERS).is_file():
            model = read_json(folder / VIEWERS)
            best = model["best_accuracy"]
            measured["best_accuracy"] = best
            measured["best_on_test"] = model["best_on_test"]
            measured["way_to_best"] = (hits / len(test) - CHANCE) / (best - CHANCE)
        return measured


def _start(
    settings: "FfsSettings",
    task: Task,
    train: Sequence[FavePhoto],
    validation: Sequence[FavePhoto],
) -> FfsStep:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.seed)
        network = build_network(
            settings.backbone,
            pretrained=settings.start == "imagenet",
            weights=Path(settings.weights) if settings.weights else None,
            dropout=settings.dropout,
        )
    crops = np.stack([centre(photo.path, settings.crop_px) for photo in validation])
    return FfsStep(
        network,
        validation=(crops, [photo.label for photo in validation]),
        per_epoch=steps_per_epoch(len(train), settings.batch_size),
        patience=settings.patience,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        seed=task.seed,
        device=task.device,
    )


def _train(
    settings: "FfsSettings", task: Task, train: Sequence[FavePhoto], step: FfsStep
) -> Outcome:
    per_epoch = steps_per_epoch(len(train), settings.batch_size)
    return fit(
        step,
        training_batches(
            train,
            size_px=settings.crop_px,
            batch_size=settings.batch_size,
            flip=settings.flip,
            seed=task.seed,
        ),
        Schedule(per_epoch * settings.epochs, save=settings.save_every, log=per_epoch),
        folder=task.state,
        log=task.log,
        label=task.name,
        stop=step.finished,
    )


def _crops(outcome: Outcome, train: Sequence[FavePhoto], settings: "FfsSettings") -> float:
    epochs = outcome.step / steps_per_epoch(len(train), settings.batch_size)
    return epochs * len(train) / outcome.seconds


def _split(photos: Sequence[FavePhoto]) -> dict[str, int]:
    return {
        "photos": len(photos),
        "owners": len({photo.owner for photo in photos}),
        "above_median": sum(photo.label for photo in photos),
    }


def _says(figures: Mapping[str, Any]) -> list[str]:
    """The result in words, for the command's last lines."""
    accuracy, owners = figures["accuracy"], figures["splits"]["test"]["owners"]
    lines = [
        f"accuracy {accuracy['share']:.4f} (95 %: {accuracy['low']:.4f} to {accuracy['high']:.4f}) "
        f"on {accuracy['n']} photos of {owners} other owner{'s' * (owners != 1)}; chance "
        f"{figures['chance']}, majority {figures['majority']:.4f}",
        f"{figures['epochs']} epochs, the best {figures['best_epoch']}, "
        f"{figures['crops_per_second']} crops/s",
    ]
    if "best_accuracy" in figures:
        lines.append(
            f"simulated viewers: the best possible accuracy is {figures['best_accuracy']:.4f} "
            f"({figures['best_on_test']:.4f} on these photos); "
            f"{100 * figures['way_to_best']:.0f} % of the way from chance"
        )
    return lines


def _limits(settings: "FfsSettings") -> list[str]:
    return [
        "It judges crops at full resolution: a score says nothing about composition.",
        f"It was trained on crops of {settings.crop_px} px. Photos that are smaller are judged in "
        "smaller crops, which it was not trained on.",
        "A score ranks photos; it is not a share of faves.",
    ]
