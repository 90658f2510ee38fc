"""The WESPE method: G and F against D_c and D_t, from unpaired patches (section 3)."""

import copy
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from wespe.networks.discriminator import Discriminator
from wespe.networks.generator import Generator
from wespe.photos.filters import grey
from wespe.training.losses import content_loss, total_variation_loss, transport_loss
from wespe.training.methods.adversarial import AdversarialStep
from wespe.training.methods.perceptual import PerceptualStep
from wespe.training.methods.step import Losses, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.wespe.settings import WespeRecipe


class WespeStep(AdversarialStep, PerceptualStep):
    """G and F (`inverse`) against D_c (`d_color`) and D_t (`d_texture`), by the losses of eq. 6."""

    recipe: "WespeRecipe"
    paired: ClassVar[bool] = False
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)", "F(G(x))")

    def __init__(self, recipe: "WespeRecipe", task: Task) -> None:
        # F has the content loss only.
        self.rarely_trained = recipe.content.every > 1 or not recipe.weights.content
        super().__init__(recipe, task)
        if recipe.weights.transport:
            self._transport = copy.deepcopy(task.transports.forth).to(self.device.torch_device)

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape, norm = self.recipe.generator.model_dump(), self.recipe.discriminator.norm
        forth, back = None, None
        if self.recipe.generator.start == "transport":
            forth, back = task.transports.forth, task.transports.back
        return {
            "generator": Generator(**shape, transport=forth),
            "inverse": Generator(**shape, transport=back),
            "d_color": Discriminator(3, size_px=task.size_px, norm=norm),
            "d_texture": Discriminator(1, size_px=task.size_px, norm=norm),
        }

    def weights(self, number: int) -> Weights:
        weights = self.recipe.weights.model_dump()
        # A rare content loss is as strong in the mean.
        every = self.recipe.content.every
        return weights | {"content": 0 if number % every else every * weights["content"]}

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        networks, sigma_px = self.networks, self.recipe.blur_sigma_px
        losses, blurred = Losses(), self.blur(enhanced, sigma_px)
        if weights["content"]:
            with self.device.autocast():
                reconstructed = networks["inverse"](enhanced)
            losses["content"] = self.content(x, reconstructed)
        if weights["color"]:
            losses["color"] = self.adversarial("d_color", blurred)
        if weights["texture"]:
            losses["texture"] = self.adversarial("d_texture", grey(enhanced))
        losses["tv"] = total_variation_loss(enhanced)
        if weights["transport"]:
            losses["transport"] = transport_loss(blurred, self._transport(x), sigma_px)
        if weights["identity"]:
            with self.device.autocast():
                kept = networks["generator"](y)
            losses["identity"] = content_loss(y, kept)
        return losses

    def views(self, image: Tensor) -> dict[str, Tensor]:
        return {"d_color": self.blur(image, self.recipe.blur_sigma_px), "d_texture": grey(image)}

    def columns(self) -> list[Tensor]:
        x, _ = self.preview
        enhanced = self.generator(x)
        return [x, enhanced, self.networks["inverse"](enhanced)]
