"""SRCNN: three convolutions, the mean squared error of the pixels (Dong et al., TPAMI 2016)."""

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.srcnn import Srcnn
from wespe.training.methods.supervised import SupervisedStep

if TYPE_CHECKING:
    from wespe.training.methods.srcnn.settings import SrcnnRecipe


class SrcnnStep(SupervisedStep["SrcnnRecipe"]):
    """One loss, `mse`."""

    def _networks(self, recipe: "SrcnnRecipe", *, size_px: int) -> dict[str, nn.Module]:
        return {"generator": Srcnn(**recipe.generator.model_dump())}

    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"mse": F.mse_loss(enhanced, y)}
