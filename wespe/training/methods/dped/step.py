"""DPED, fully supervised: content, colour, texture and total variation (Ignatov et al. 2017)."""

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from wespe.core.device import Device
from wespe.networks.discriminator import Discriminator
from wespe.networks.generator import Generator
from wespe.networks.perceptual import FeatureExtractor
from wespe.photos.filters import grey
from wespe.training.losses import adversarial_loss, total_variation_loss
from wespe.training.methods.supervised import PerceptualStep

if TYPE_CHECKING:
    from wespe.training.methods.dped.settings import DpedRecipe


class DpedStep(PerceptualStep["DpedRecipe"]):
    """G against the discriminator of texture, with the losses of section 3 of the DPED paper."""

    def __init__(
        self,
        recipe: "DpedRecipe",
        *,
        extractor: FeatureExtractor,
        preview: tuple[Tensor, ...],
        device: Device,
        seed: int,
    ) -> None:
        super().__init__(recipe, extractor=extractor, preview=preview, device=device, seed=seed)
        self._optimise("discriminators", recipe.discriminator_learning_rate, "d_texture")
        self._compile("d_texture", r1=recipe.discriminator.r1)
        self._d_losses = self._shared(self._discriminator_losses, "d_texture")

    def _networks(self, recipe: "DpedRecipe", *, size_px: int) -> dict[str, nn.Module]:
        return {
            "generator": Generator(**recipe.generator.model_dump()),
            "d_texture": Discriminator(1, size_px=size_px, norm=recipe.discriminator.norm),
        }

    def _weights(self) -> dict[str, float]:
        return self._recipe.weights.model_dump()

    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        weights, sigma_px = self._weights(), self._recipe.blur_sigma_px
        self._require_grad(["d_texture"], False)
        losses = {"content": self._content(enhanced, y)} if weights["content"] else {}
        losses["color"] = F.mse_loss(self._blur(enhanced, sigma_px), self._blur(y, sigma_px))
        if weights["texture"]:
            with self._device.autocast():
                logits = self.networks["d_texture"](grey(enhanced))
            losses["texture"] = adversarial_loss(logits.float())
        losses["tv"] = total_variation_loss(enhanced)
        return losses

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        self._require_grad(["d_texture"], True)
        r1 = self._recipe.discriminator.r1
        return {"d_texture": self._discriminator_loss("d_texture", grey(enhanced), grey(y), r1=r1)}
