"""A network that was published: no training, but a place among the pairs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import torch
from torch import Tensor

from wespe.networks.fitting.monitor import Sign
from wespe.networks.generator import Generator
from wespe.networks.published import load_dped, model_card
from wespe.photos.images import Pixels
from wespe.results.cards import NetworkCard
from wespe.training.methods.step import MethodStep, Task, sheet

if TYPE_CHECKING:
    from wespe.training.methods.published.settings import PublishedRecipe


class PublishedStep(MethodStep["PublishedRecipe"]):
    """The generator of a checkpoint of the DPED code; a step leaves it as it is."""

    paired: ClassVar[bool] = False
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)")

    @classmethod
    def build(cls, recipe: "PublishedRecipe", task: Task) -> Self:
        generator = load_dped(Path(recipe.checkpoint))
        networks = {"generator": generator.requires_grad_(False)}
        return cls(recipe, networks=networks, preview=task.preview[0], device=task.device)

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        return {}

    def sign(self, record: Mapping[str, float]) -> Sign | None:
        """None: there is nothing to go back to."""
        return None

    def published_card(self, sha256: str) -> NetworkCard:
        generator = self.generator
        assert isinstance(generator, Generator)
        return model_card(Path(self._recipe.checkpoint), generator, sha256=sha256)

    @torch.inference_mode()
    def sample(self) -> Pixels:
        self.networks.eval()
        return sheet([self._preview, self.generator(self._preview)])
