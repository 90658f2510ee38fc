"""GANs for super-resolution: the network of another pair goes on, against a discriminator."""

import copy
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enlarging.discriminator import EnlargingDiscriminator
from wespe.training.losses import cosine_loss
from wespe.training.methods.adversarial import AdversarialStep
from wespe.training.methods.enlarging import EnlargingStep
from wespe.training.methods.perceptual import Distance, PerceptualStep
from wespe.training.methods.step import Losses, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.settings import EnlargingGanRecipe

DISTANCES: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "cosine": cosine_loss}
"""By the setting `content_distance`."""


class EnlargingGanStep(EnlargingStep, AdversarialStep, PerceptualStep):
    """G, which is the network that the training begins with, of any architecture that enlarges.

    Its losses are of the pixels, of colours, of features and of the discriminator, each where it
    has a weight. Raises ValueError without a network to begin with.
    """

    recipe: "EnlargingGanRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        if task.start is None:
            raise ValueError(
                f"start: {self.recipe.method} goes on with a trained network, got none"
            )
        shape = self.recipe.discriminator
        return {
            "generator": copy.deepcopy(task.start),
            "d_texture": EnlargingDiscriminator(
                size_px=self.recipe.crop_px or task.size_px, width=shape.width, norm=shape.norm
            ),
        }

    def weights(self, number: int) -> Weights:
        weights: Weights = self.recipe.weights.model_dump()
        return weights

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        losses = Losses()
        if weights["pixels"]:
            losses["pixels"] = F.l1_loss(enhanced.float(), y)
        if weights["color"]:
            losses["color"] = self.color(enhanced, y)
        if weights["content"]:
            losses["content"] = self.content(y, enhanced, DISTANCES[self.recipe.content_distance])
        losses["texture"] = self.deceive(enhanced, y)
        return losses

    def color(self, enhanced: Tensor, y: Tensor) -> Tensor:
        """Mean absolute difference of `(N, 3, H, W)` after both are reduced by `scale`, by area."""
        made, true = (F.avg_pool2d(image.float(), self.recipe.scale) for image in (enhanced, y))
        return F.l1_loss(made, true)

    def deceive(self, enhanced: Tensor, y: Tensor) -> Tensor:
        """The loss of G against the discriminator, which sees its results and photos."""
        return self.adversarial("d_texture", enhanced)

    def views(self, image: Tensor) -> dict[str, Tensor]:
        return {"d_texture": image}
