"""DPED, fully supervised: content, colour, texture and total variation (Ignatov et al. 2017)."""

from typing import TYPE_CHECKING, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.discriminator import Discriminator
from wespe.networks.generator import Generator
from wespe.photos.filters import grey
from wespe.training.losses import total_variation_loss
from wespe.training.methods.adversarial import AdversarialStep
from wespe.training.methods.perceptual import PerceptualStep
from wespe.training.methods.step import Losses, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.dped.settings import DpedRecipe


class DpedStep(AdversarialStep, PerceptualStep):
    """G against the discriminator of texture, with the losses of section 3 of the DPED paper."""

    recipe: "DpedRecipe"
    paired: ClassVar[bool] = True

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        norm = self.recipe.discriminator.norm
        return {
            "generator": Generator(**self.recipe.generator.model_dump()),
            "d_texture": Discriminator(1, size_px=task.size_px, norm=norm),
        }

    def weights(self, number: int) -> Weights:
        weights: Weights = self.recipe.weights.model_dump()
        return weights

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        sigma_px = self.recipe.blur_sigma_px
        losses = {"content": self.content(y, enhanced)} if weights["content"] else Losses()
        losses["color"] = F.mse_loss(self.blur(enhanced, sigma_px), self.blur(y, sigma_px))
        if weights["texture"]:
            losses["texture"] = self.adversarial("d_texture", grey(enhanced))
        losses["tv"] = total_variation_loss(enhanced)
        return losses

    def views(self, image: Tensor) -> dict[str, Tensor]:
        return {"d_texture": grey(image)}
