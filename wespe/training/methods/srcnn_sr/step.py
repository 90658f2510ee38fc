"""SRCNN for super-resolution (Dong et al., TPAMI 2016)."""

from typing import TYPE_CHECKING

from torch import nn

from wespe.networks.srcnn import Srcnn
from wespe.training.methods.enlarging import PixelStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.srcnn_sr.settings import SrcnnSrRecipe


class SrcnnSrStep(PixelStep):
    """One loss, that of the pixels."""

    recipe: "SrcnnSrRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": Srcnn(**shape, scale=self.recipe.scale)}
