"""A network that was published: no training, but a place among the pairs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from wespe.networks.fitting.monitor import Divergence
from wespe.networks.generator import Generator
from wespe.networks.published import load_dped, model_card
from wespe.results.cards import NetworkCard
from wespe.training.methods.step import Losses, MethodStep, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.published.settings import PublishedRecipe


class PublishedStep(MethodStep):
    """The generator of a checkpoint of the DPED code; a step leaves it as it is."""

    recipe: "PublishedRecipe"
    paired: ClassVar[bool] = False
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)")

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        return {"generator": load_dped(Path(self.recipe.checkpoint)).requires_grad_(False)}

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        return {}

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        return {}

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        """None: there is nothing to go back to."""
        return None

    def columns(self) -> list[Tensor]:
        return super().columns()[:2]

    def published_card(self, sha256: str) -> NetworkCard:
        generator = self.generator
        assert isinstance(generator, Generator)
        return model_card(Path(self.recipe.checkpoint), generator, sha256=sha256)
