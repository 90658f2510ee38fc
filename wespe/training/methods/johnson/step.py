"""The perceptual loss of Johnson et al. (ECCV 2016): a residual network, the distance of features.

The slides' table has "a deep residual network that is trained to minimize a VGG-based loss", next
to systems for super-resolution: so it is their network for that, at the scale of 1.
"""

from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from wespe.networks.johnson import JohnsonNetwork
from wespe.training.methods.perceptual import PerceptualStep
from wespe.training.methods.step import Losses, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.johnson.settings import JohnsonRecipe


class JohnsonStep(PerceptualStep):
    """One loss, `content` (their eq. 2)."""

    recipe: "JohnsonRecipe"
    paired: ClassVar[bool] = True

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        return {"generator": JohnsonNetwork(**self.recipe.generator.model_dump())}

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        return {"content": self.content(y, enhanced)}
