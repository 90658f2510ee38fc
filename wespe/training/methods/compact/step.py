"""The compact network that enlarges, by the pixels of its results."""

from typing import TYPE_CHECKING

from torch import nn

from wespe.networks.enlarging.compact import Compact
from wespe.training.methods.enlarging import PixelStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.compact.settings import CompactRecipe


class CompactStep(PixelStep):
    """One loss, that of the pixels."""

    recipe: "CompactRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": Compact(**shape, scale=self.recipe.scale)}
