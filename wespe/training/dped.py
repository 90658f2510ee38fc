"""DPED, fully supervised: content, colour, texture and total variation (Ignatov et al. 2017)."""

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.losses import adversarial_loss, grey, total_variation_loss
from wespe.models.discriminator import Discriminator
from wespe.models.generator import Generator
from wespe.models.perceptual import FeatureExtractor
from wespe.training.compute import Place
from wespe.training.supervised import PerceptualStep

if TYPE_CHECKING:
    from wespe.recipes.dped import DpedRecipe


class DpedStep(PerceptualStep):
    """G against the discriminator of texture, with the losses of section 3 of the DPED paper."""

    def __init__(
        self,
        recipe: "DpedRecipe",
        *,
        extractor: FeatureExtractor,
        preview: tuple[Tensor, ...],
        place: Place,
        seed: int,
    ) -> None:
        super().__init__(recipe, extractor=extractor, preview=preview, place=place, seed=seed)
        self._recipe, self._weights = recipe, recipe.weights.model_dump()
        self._d_optimiser = self._optimiser(recipe.discriminator_learning_rate, "d_texture")
        self._compile("d_texture", r1=recipe.discriminator.r1)
        self._d_losses = self._shared(self._discriminator_losses, "d_texture")

    def _networks(self, recipe: "DpedRecipe", *, size_px: int) -> dict[str, nn.Module]:
        return {
            "generator": Generator(**recipe.generator.model_dump()),
            "d_texture": Discriminator(1, size_px=size_px, norm=recipe.discriminator.norm),
        }

    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        self.networks["d_texture"].requires_grad_(False)
        losses = {"content": self._content(enhanced, y)} if self._weights["content"] else {}
        sigma_px = self._recipe.blur_sigma_px
        losses["color"] = F.mse_loss(self._blur(enhanced, sigma_px), self._blur(y, sigma_px))
        if self._weights["texture"]:
            with self._place.autocast():
                logits = self.networks["d_texture"](grey(enhanced))
            losses["texture"] = adversarial_loss(logits.float())
        losses["tv"] = total_variation_loss(enhanced)
        return losses

    def _discriminator_step(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        self.networks["d_texture"].requires_grad_(True)
        loss: Tensor = self._d_losses(enhanced, y)
        self._descend(self._d_optimiser, loss)
        return {"d_texture": loss}

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor) -> Tensor:
        r1 = self._recipe.discriminator.r1
        return self._discriminator_loss("d_texture", grey(enhanced), grey(y), r1=r1)
