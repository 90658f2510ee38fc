"""SRResNet, by the pixels of its results (Ledig et al., CVPR 2017)."""

from typing import TYPE_CHECKING

from torch import nn

from wespe.networks.enlarging.srresnet import SrResNet
from wespe.training.methods.enlarging import PixelStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.srresnet.settings import SrResNetRecipe


class SrResNetStep(PixelStep):
    """One loss, that of the pixels."""

    recipe: "SrResNetRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": SrResNet(**shape, scale=self.recipe.scale)}
