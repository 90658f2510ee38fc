"""CORNIA as a rater: the authors' own, or fitted again to people's scores or a metric's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from wespe.core.device import Device
from wespe.core.files import lock
from wespe.judging.raters import people
from wespe.judging.raters.base import Fitted, Rater, Task, Tensors
from wespe.judging.raters.cornia.features import Codebook, encode, sample_patches
from wespe.judging.raters.cornia.people import fit_to_people
from wespe.judging.raters.cornia.published import read_published
from wespe.judging.raters.cornia.refit import refit
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.photos.images import Pixels
from wespe.results.score import Score

_REFIT = (
    "Codebook and regression are not the authors': they are fitted to distorted copies of photos, "
    "with MS-SSIM in place of people's opinions. Its scores cannot be compared with published "
    "CORNIA scores, only with each other.",
    "It has only learned blur, noise, JPEG and JPEG 2000. It does not see colours.",
)
_PUBLISHED = (
    "Codebook and regression are the authors', for non-commercial use. Patches are at other random "
    "places than in their code, so that scores differ a little.",
)
_PEOPLE = (
    "Codebook and regression are not the authors'. It does not see colours.",
    *people.LIMITS,
)


class CorniaRater(Rater):
    """A linear function of a photo's CORNIA features: of people's scores if it was fitted to those
    (higher is better), else of the extent of distortions (lower is better).

    `weights` `(2n,)` and `bias`: the score is features · weights + bias, where the scaling of the
    features that regression asks for is part of both. `patches`: how many a photo is judged by.
    """

    kind: ClassVar[str] = "cornia"

    def __init__(
        self,
        codebook: Codebook,
        weights: NDArray[np.float64],
        *,
        bias: float,
        patches: int,
        seed: int,
        published: bool,
        people: bool = False,
        simulated: bool = False,
        device: torch.device,
    ) -> None:
        features = 2 * codebook.words.shape[1]
        if weights.shape != (features,):
            raise ValueError(f"expected {features} weights for the words, got {weights.shape}")
        self._codebook, self._weights, self._bias = codebook, weights, bias
        self._patches, self._seed, self._published = patches, seed, published
        self._people, self._simulated = people, simulated
        self._device = device

    @property
    def shown(self) -> Score:
        if self._people:
            label = people.label("CORNIA", simulated=self._simulated)
            return Score(label, better="higher", decimals=3)
        label = "CORNIA" if self._published else "CORNIA (refit)"
        return Score(label, better="lower", decimals=1)

    @classmethod
    def fit(cls, settings: CorniaSettings, task: Task) -> Fitted:
        if settings.learns_from_people:
            return cls._fit_to_people(settings, task)
        device = task.device.torch_device
        if settings.published:
            codebook, weights, bias = read_published(Path(settings.published))
            figures: dict[str, Any] = {"words": codebook.words.shape[1]}
            says: tuple[str, ...] = ()
        else:
            with lock(task.state / "lock"):
                codebook, weights, bias, figures, says = refit(settings, task)
        rater = cls(
            codebook,
            weights,
            bias=bias,
            patches=settings.patches_per_photo,
            seed=task.seed,
            published=bool(settings.published),
            device=device,
        )
        return Fitted(rater, figures, says, _PUBLISHED if settings.published else _REFIT)

    @classmethod
    def _fit_to_people(cls, settings: CorniaSettings, task: Task) -> Fitted:
        scored = people.read_people(task.photos)
        with lock(task.state / "lock"):
            codebook, weights, bias = fit_to_people(settings, task, scored)
        rater = cls(
            codebook,
            weights,
            bias=bias,
            patches=settings.patches_per_photo,
            seed=task.seed,
            published=False,
            people=True,
            simulated=task.photos.simulated,
            device=task.device.torch_device,
        )
        found = people.judged(rater, scored, task)
        figures = {"words": settings.words, **people.figures(scored, found)}
        return Fitted(rater, figures, people.says(scored, found), _PEOPLE)

    def score(self, photo: Pixels) -> float:
        patches = sample_patches(photo, self._patches, seed=self._seed)
        features = encode(patches, self._codebook, self._device)
        return float(features @ self._weights) + self._bias

    @property
    def config(self) -> dict[str, Any]:
        return {
            "bias": self._bias,
            "patches": self._patches,
            "seed": self._seed,
            "published": self._published,
            "people": self._people,
            "simulated": self._simulated,
        }

    def tensors(self) -> Tensors:
        return {**vars(self._codebook), "weights": self._weights}

    @classmethod
    def build(cls, config: Mapping[str, Any], tensors: Tensors, device: Device) -> Self:
        codebook = Codebook(tensors["mean"], tensors["whitening"], tensors["words"])
        return cls(codebook, tensors["weights"], device=device.torch_device, **config)
