"""EDSR, by the pixels of its results (Lim et al., CVPR Workshops 2017)."""

from typing import TYPE_CHECKING

from torch import nn

from wespe.networks.enlarging.edsr import Edsr
from wespe.training.methods.enlarging import PixelStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.edsr.settings import EdsrRecipe


class EdsrStep(PixelStep):
    """One loss, that of the pixels."""

    recipe: "EdsrRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": Edsr(**shape, scale=self.recipe.scale)}
