"""The WESPE method: G and F against D_c and D_t, from unpaired patches (section 3)."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Self

import torch
from torch import Tensor

from wespe.core.device import Device
from wespe.networks.discriminator import Discriminator
from wespe.networks.generator import Generator
from wespe.networks.perceptual import FeatureExtractor
from wespe.networks.transport import Transport
from wespe.photos.filters import grey
from wespe.photos.images import Pixels
from wespe.training.losses import (
    adversarial_loss,
    content_loss,
    total_variation_loss,
    transport_loss,
)
from wespe.training.methods.step import (
    MethodStep,
    Task,
    extractor_of,
    first_weights,
    sheet,
    transport_between,
)

if TYPE_CHECKING:
    from wespe.training.methods.wespe.settings import WespeRecipe


class WespeStep(MethodStep["WespeRecipe"]):
    """Networks, optimisers and averages of one training, and the step that changes them.

    Call `train_step` with `(x, y)`: patches of the source and of the target domain, float
    `(N, 3, size_px, size_px)` in [0, 1], in no relation to each other. `transport` takes the look
    of X to that of Y, `back` that of Y to that of X. `preview` are the source patches that `sample`
    shows. `seed` decides the networks' first weights.
    """

    paired: ClassVar[bool] = False
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)", "F(G(x))")

    def __init__(
        self,
        recipe: "WespeRecipe",
        *,
        extractor: FeatureExtractor,
        transport: Transport,
        back: Transport,
        preview: Tensor,
        device: Device,
        seed: int,
    ) -> None:
        size_px = preview.shape[-1]
        shape = recipe.generator.model_dump()
        with first_weights(seed):
            networks = {
                "generator": Generator(**shape, transport=transport),
                "inverse": Generator(**shape, transport=back),
                "d_color": Discriminator(3, size_px=size_px, norm=recipe.discriminator.norm),
                "d_texture": Discriminator(1, size_px=size_px, norm=recipe.discriminator.norm),
            }
        super().__init__(recipe, networks=networks, preview=preview, device=device)
        self._transport = copy.deepcopy(transport).to(device.torch_device)
        self.extractor = device.put_frozen(extractor)
        self._optimise("generator", recipe.learning_rate, "generator", "inverse")
        rate = recipe.discriminator_learning_rate
        self._optimise("discriminators", rate, "d_color", "d_texture")
        self._compile("generator", "inverse")
        self._compile("d_color", "d_texture", r1=recipe.discriminator.r1)
        # F has the content loss alone.
        seldom = recipe.content.every > 1 or not recipe.weights.content
        self._g_losses = self._shared(self._generator_losses, "generator", "inverse", unused=seldom)
        self._d_losses = self._shared(self._discriminator_losses, "d_color", "d_texture")

    @classmethod
    def build(cls, recipe: "WespeRecipe", task: Task) -> Self:
        return cls(
            recipe,
            extractor=extractor_of(recipe.content),
            transport=task.transport,
            back=transport_between(task.target, task.source, shrink=recipe.shrink_transport),
            preview=task.preview[0],
            device=task.device,
            seed=task.seed,
        )

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        """One update of G and F, then one of D_c and D_t. Returns the unweighted losses."""
        x, y = self._begin(batch, progress)
        weights = self._recipe.weights.model_dump()
        every, number = self._recipe.content.every, round(progress * self._recipe.steps) + 1
        # Seldom, but as strong in the mean.
        weights["content"] *= 0 if number % every else every
        losses, enhanced = self._g_losses(x, y, weights)
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        self._descend("generator", total)
        d_losses = self._discriminator_step(enhanced.detach(), y)
        self._update_average(progress)
        return {k: v.detach() for k, v in {**losses, "total": total, **d_losses}.items()}

    def _generator_losses(
        self, x: Tensor, y: Tensor, weights: Mapping[str, float]
    ) -> tuple[dict[str, Tensor], Tensor]:
        networks = self.networks
        self._require_grad(("d_color", "d_texture"), False)
        with self._device.autocast():
            enhanced = networks["generator"](x)
            blurred = self._blur(enhanced, self._recipe.blur_sigma_px)
            losses = {}
            if weights["content"]:
                with torch.no_grad():
                    features = self.extractor(x)
                reconstructed = self.extractor(networks["inverse"](enhanced))
                losses["content"] = content_loss(features.float(), reconstructed.float())
            if weights["color"]:
                logits = networks["d_color"](blurred)
                losses["color"] = adversarial_loss(logits.float())
            if weights["texture"]:
                logits = networks["d_texture"](grey(enhanced))
                losses["texture"] = adversarial_loss(logits.float())
        losses["tv"] = total_variation_loss(enhanced)
        if weights["transport"]:
            sigma_px = self._recipe.blur_sigma_px
            losses["transport"] = transport_loss(blurred, self._transport(x), sigma_px)
        if weights["identity"]:
            with self._device.autocast():
                kept = networks["generator"](y)
            losses["identity"] = content_loss(y, kept)
        return losses, enhanced

    def _discriminator_step(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        self._require_grad(("d_color", "d_texture"), True)
        losses: dict[str, Tensor] = self._d_losses(enhanced, y)
        self._descend("discriminators", torch.stack(list(losses.values())).sum())
        return losses

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        r1, sigma_px = self._recipe.discriminator.r1, self._recipe.blur_sigma_px
        views = {
            "d_color": [self._blur(image, sigma_px) for image in (enhanced, y)],
            "d_texture": [grey(image) for image in (enhanced, y)],
        }
        return {name: self._discriminator_loss(name, *seen, r1=r1) for name, seen in views.items()}

    @torch.inference_mode()
    def sample(self) -> Pixels:
        self.networks.eval()
        enhanced = self.generator(self._preview)
        back = self.networks["inverse"](enhanced)
        return sheet([self._preview, enhanced, back])
