"""The WESPE method: G and F against D_c and D_t, from unpaired patches (section 3)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from wespe.images import Pixels, to_pixels
from wespe.losses import (
    adversarial_loss,
    content_loss,
    discriminator_loss,
    gaussian_blur,
    grey,
    r1_penalty,
    total_variation_loss,
    transport_loss,
)
from wespe.models.discriminator import Discriminator
from wespe.models.generator import Generator
from wespe.models.perceptual import FeatureExtractor
from wespe.training import processes
from wespe.training.compute import Place
from wespe.transport import Transport

if TYPE_CHECKING:
    from wespe.config import Recipe


class WespeStep:
    """Networks, optimisers and averages of one training, and the step that changes them.

    Call `train_step` with `(x, y)`: patches of the source and of the target domain, float
    `(N, 3, size_px, size_px)` in [0, 1], in no relation to each other. `transport`
    takes the look of X to that of Y. `preview` are the source patches that `sample` shows. `seed`
    decides the networks' first weights.
    """

    def __init__(
        self,
        recipe: "Recipe",
        *,
        extractor: FeatureExtractor,
        transport: Transport,
        preview: Tensor,
        place: Place,
        seed: int,
    ) -> None:
        self._recipe, self._place = recipe, place
        self._transport = transport
        size_px = preview.shape[-1]
        shape = recipe.generator.model_dump()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = {
                "generator": Generator(**shape),
                "inverse": Generator(**shape),
                "d_color": Discriminator(3, size_px=size_px, norm=recipe.discriminator.norm),
                "d_texture": Discriminator(1, size_px=size_px, norm=recipe.discriminator.norm),
            }
            networks["average"] = Generator(**shape)
        networks["average"].load_state_dict(networks["generator"].state_dict())
        networks["average"].requires_grad_(False)
        self.networks = processes.synchronised(place.put(nn.ModuleDict(networks)))
        self.extractor = place.put(extractor)
        self._compile()
        self._preview = preview.to(place.device)
        betas = (recipe.adam_beta1, recipe.adam_beta2)
        self._g_optimiser = torch.optim.Adam(
            self._parameters("generator", "inverse"), recipe.learning_rate, betas
        )
        self._d_optimiser = torch.optim.Adam(
            self._parameters("d_color", "d_texture"), recipe.discriminator_learning_rate, betas
        )
        self._g_losses = processes.shared(
            self._generator_losses,
            [self.networks["generator"], self.networks["inverse"]],
            # F has the content loss alone.
            unused=recipe.content.every > 1 or not recipe.weights.content,
        )
        self._d_losses = processes.shared(
            self._discriminator_losses, [self.networks["d_color"], self.networks["d_texture"]]
        )

    @property
    def generator(self) -> Generator:
        """The network to keep: the running average where the recipe has one."""
        network = self.networks["average" if self._recipe.ema else "generator"]
        assert isinstance(network, Generator)
        return network

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        """One update of G and F, then one of D_c and D_t. Returns the unweighted losses."""
        x, y = (patch.to(self._place.device, memory_format=torch.channels_last) for patch in batch)
        self.networks.train()
        self._set_learning_rates(progress)
        weights = self._recipe.weights.model_dump()
        every, number = self._recipe.content.every, round(progress * self._recipe.steps) + 1
        # Seldom, but as strong in the mean.
        weights["content"] *= 0 if number % every else every
        losses, enhanced = self._g_losses(x, y, weights)
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        self._g_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        self._g_optimiser.step()
        d_losses = self._discriminator_step(enhanced.detach(), y)
        self._update_average(progress)
        return {k: v.detach() for k, v in {**losses, "total": total, **d_losses}.items()}

    def _generator_losses(
        self, x: Tensor, y: Tensor, weights: Mapping[str, float]
    ) -> tuple[dict[str, Tensor], Tensor]:
        networks = self.networks
        self._require_grad(("d_color", "d_texture"), False)
        with self._place.autocast():
            enhanced = networks["generator"](x)
            blurred = self._blur(enhanced)
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
            with self._place.autocast():
                kept = networks["generator"](y)
            losses["identity"] = content_loss(y, kept)
        return losses, enhanced

    def _discriminator_step(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        self._require_grad(("d_color", "d_texture"), True)
        losses: dict[str, Tensor] = self._d_losses(enhanced, y)
        self._d_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        self._d_optimiser.step()
        return losses

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {
            "d_color": self._discriminator_loss("d_color", self._blur(enhanced), self._blur(y)),
            "d_texture": self._discriminator_loss("d_texture", grey(enhanced), grey(y)),
        }

    def _discriminator_loss(self, name: str, fake: Tensor, real: Tensor) -> Tensor:
        weight = self._recipe.discriminator.r1
        real = real.requires_grad_(bool(weight))
        with self._place.autocast():
            real_logits = self.networks[name](real).float()
            fake_logits = self.networks[name](fake).float()
        loss = discriminator_loss(real_logits, fake_logits)
        return loss + weight * r1_penalty(real_logits, real) if weight else loss

    def _blur(self, image: Tensor) -> Tensor:
        # In fp32: oneDNN's bf16 depthwise convolution never returns for a 1×15 kernel (torch 2.13).
        with torch.autocast(self._place.device.type, enabled=False):
            return gaussian_blur(image.float(), self._recipe.blur_sigma_px)

    def _set_learning_rates(self, progress: float) -> None:
        start = self._recipe.decay_from
        factor = 1.0 if progress < start else (1 - progress) / (1 - start)
        for optimiser, rate in (
            (self._g_optimiser, self._recipe.learning_rate),
            (self._d_optimiser, self._recipe.discriminator_learning_rate),
        ):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

    @torch.no_grad()
    def _update_average(self, progress: float) -> None:
        if not self._recipe.ema:
            return
        # Early on the average is short, or it would remember the untrained network for long.
        steps = progress * self._recipe.steps
        decay = min(self._recipe.ema, (1 + steps) / (10 + steps))
        new = self.networks["generator"].state_dict()
        for name, value in self.networks["average"].state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)

    @torch.inference_mode()
    def sample(self) -> Pixels:
        """A sheet: a row a preview patch, with x, G(x) and F(G(x)) side by side."""
        self.networks.eval()
        enhanced = self.generator(self._preview)
        back = self.networks["inverse"](enhanced)
        columns = [to_pixels(image) for image in (self._preview, enhanced, back)]
        rows = np.concatenate(columns, axis=2)
        return np.ascontiguousarray(np.concatenate(list(rows), axis=0))

    def state_dict(self) -> dict[str, Any]:
        return {
            "networks": self.networks.state_dict(),
            "g_optimiser": self._g_optimiser.state_dict(),
            "d_optimiser": self._d_optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.networks.load_state_dict(state["networks"])
        self._g_optimiser.load_state_dict(state["g_optimiser"])
        self._d_optimiser.load_state_dict(state["d_optimiser"])

    def _compile(self) -> None:
        if not self._place.compiled:
            return
        names = ["generator", "inverse"]
        # torch cannot differentiate twice through what it has compiled.
        names += [] if self._recipe.discriminator.r1 else ["d_color", "d_texture"]
        for network in (*(self.networks[name] for name in names), self.extractor):
            network.compile()

    def _parameters(self, *names: str) -> Iterable[nn.Parameter]:
        return [parameter for name in names for parameter in self.networks[name].parameters()]

    def _require_grad(self, names: tuple[str, ...], wanted: bool) -> None:
        for name in names:
            self.networks[name].requires_grad_(wanted)
