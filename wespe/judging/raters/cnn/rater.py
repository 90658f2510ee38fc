"""People's opinions as a linear function of a network's features."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from wespe.core.device import Device
from wespe.core.files import lock
from wespe.core.progress import Progress
from wespe.judging.raters import people
from wespe.judging.raters.base import Fitted, Rater, Task, Tensors
from wespe.judging.raters.cnn.features import FeatureStatistics
from wespe.judging.raters.ffs.crops import cut, five_crops, to_batch
from wespe.judging.raters.ffs.network import build_network
from wespe.judging.raters.kept import Arrays, kept
from wespe.judging.raters.ridge import fit_ridge
from wespe.photos.images import Pixels, read_photo
from wespe.results.agreement import agreement
from wespe.results.index import PhotoEntry
from wespe.results.score import Score

if TYPE_CHECKING:
    from wespe.judging.raters.cnn.settings import CnnSettings

_LIMITS = (
    "It judges crops at full resolution: a score says nothing about composition.",
    *people.LIMITS,
)


class CnnRater(Rater):
    """A score on the scale of the people it was fitted to; higher is better.

    The mean over five crops of their `FeatureStatistics` · `weights` `(d,)` + `bias`.
    """

    kind: ClassVar[str] = "cnn"

    def __init__(
        self,
        network: FeatureStatistics,
        weights: NDArray[np.float64],
        *,
        bias: float,
        backbone: str,
        crop_px: int,
        simulated: bool,
        device: Device,
    ) -> None:
        self._network, self._device = device.put(network), device
        self._weights, self._bias = weights, bias
        self._backbone, self._crop_px, self._simulated = backbone, crop_px, simulated

    @property
    def shown(self) -> Score:
        label = people.label("CNN", simulated=self._simulated)
        return Score(label, better="higher", decimals=3)

    @classmethod
    def fit(cls, settings: "CnnSettings", task: Task) -> Fitted:
        scored = people.read_people(task.photos)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(task.seed)
            start = build_network(
                settings.backbone,
                pretrained=True,
                weights=Path(settings.weights) if settings.weights else None,
            )
        rater = cls(
            FeatureStatistics(start.features),
            np.zeros(0),
            bias=0.0,
            backbone=settings.backbone,
            crop_px=settings.crop_px,
            simulated=task.photos.simulated,
            device=task.device,
        )
        with lock(task.state / "lock"):
            learned, held_out = (
                np.stack(list(rater._features(photos, task)))
                for photos in (scored.learned, scored.held_out)
            )
        ridge = fit_ridge(learned, scored.opinions)
        rater._weights, rater._bias = ridge.weights, ridge.bias
        scores = held_out @ ridge.weights + ridge.bias
        found = agreement(scores.tolist(), people.mos_of(scored.held_out))
        figures = {"penalty": ridge.penalty, **people.figures(scored, found)}
        return Fitted(rater, figures, people.says(scored, found), _LIMITS)

    def _features(self, photos: Sequence[PhotoEntry], task: Task) -> Iterator[NDArray[np.float64]]:
        """The features of each photo."""
        with Progress(f"features of {task.photos.source}", total=len(photos)) as bar:
            for entry in photos:
                made = partial(self._of_file, task.photos.path(entry))
                yield kept(task.state / f"{entry.sha256}.safetensors", made)["features"]
                bar.advance()

    def _of_file(self, path: Path) -> Arrays:
        return {"features": self.features(read_photo(path).pixels)}

    @torch.inference_mode()
    def features(self, photo: Pixels) -> NDArray[np.float64]:
        """The statistics of a photo, uint8 `(H, W, 3)`: `(d,)`, the mean over its crops."""
        height, width = photo.shape[:2]
        crops = cut(photo, five_crops(height, width, self._crop_px))
        with self._device.autocast():
            found = self._network(to_batch(crops).to(self._device.torch_device))
        means: NDArray[np.float64] = found.double().mean(dim=0).cpu().numpy()
        return means

    def score(self, photo: Pixels) -> float:
        return float(self.features(photo) @ self._weights) + self._bias

    @property
    def config(self) -> dict[str, Any]:
        return {
            "bias": self._bias,
            "backbone": self._backbone,
            "crop_px": self._crop_px,
            "simulated": self._simulated,
        }

    def tensors(self) -> Tensors:
        state = self._network.state_dict().items()
        return {name: _short(value) for name, value in state} | {"weights": self._weights}

    @classmethod
    def build(cls, config: Mapping[str, Any], tensors: Tensors, device: Device) -> Self:
        network = FeatureStatistics(build_network(config["backbone"], pretrained=False).features)
        network.load_state_dict(
            {
                name: torch.from_numpy(np.array(value))
                for name, value in tensors.items()
                if name != "weights"
            }
        )
        return cls(network, tensors["weights"], **config, device=device)


def _short(value: torch.Tensor) -> NDArray[Any]:
    """A tensor in half precision if that loses nothing, as of weights that were stored so."""
    value = value.detach().cpu()
    if value.is_floating_point() and torch.equal(value.half().float(), value):
        value = value.half()
    found: NDArray[Any] = value.contiguous().numpy()
    return found
