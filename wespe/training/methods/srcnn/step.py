"""SRCNN: three convolutions, the mean squared error of the pixels (Dong et al., TPAMI 2016)."""

from typing import TYPE_CHECKING, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.srcnn import Srcnn
from wespe.training.methods.step import Losses, MethodStep, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.srcnn.settings import SrcnnRecipe


class SrcnnStep(MethodStep):
    """One loss, `mse`."""

    recipe: "SrcnnRecipe"
    paired: ClassVar[bool] = True

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        return {"generator": Srcnn(**self.recipe.generator.model_dump())}

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        return {"mse": F.mse_loss(enhanced, y)}
