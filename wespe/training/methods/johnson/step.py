"""The perceptual loss of Johnson et al. (ECCV 2016): a residual network, the distance of features.

The slides' table has "a deep residual network that is trained to minimize a VGG-based loss", next
to systems for super-resolution: so it is their network for that, at the scale of 1.
"""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from wespe.networks.johnson import JohnsonNetwork
from wespe.training.methods.supervised import PerceptualStep

if TYPE_CHECKING:
    from wespe.training.methods.johnson.settings import JohnsonRecipe


class JohnsonStep(PerceptualStep["JohnsonRecipe"]):
    """One loss, `content` (their eq. 2)."""

    def _networks(self, recipe: "JohnsonRecipe", *, size_px: int) -> dict[str, nn.Module]:
        return {"generator": JohnsonNetwork(**recipe.generator.model_dump())}

    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"content": self._content(enhanced, y)}
