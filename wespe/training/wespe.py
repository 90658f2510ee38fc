"""The WESPE method: G and F against D_c and D_t, from unpaired patches (section 3)."""

import math
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
from wespe.training.compute import Place
from wespe.training.monitor import Sign, collapse
from wespe.transport import Transport

if TYPE_CHECKING:
    from wespe.config import Recipe

# A single batch may be easy to tell; ten records in a row are 200 steps with the default settings.
_WON_RECORDS = 10


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
        self.networks = place.put(nn.ModuleDict(networks))
        self.extractor = place.put(extractor)
        self._preview = preview.to(place.device)
        self.rates = {"generator": 1.0, "discriminators": 1.0}
        betas = (recipe.adam_beta1, recipe.adam_beta2)
        self._g_optimiser = torch.optim.Adam(
            self._parameters("generator", "inverse"), recipe.learning_rate, betas
        )
        self._d_optimiser = torch.optim.Adam(
            self._parameters("d_color", "d_texture"), recipe.discriminator_learning_rate, betas
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
        losses, enhanced = self._generator_losses(x, y, weights)
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
        losses = {
            "d_color": self._discriminator_loss("d_color", self._blur(enhanced), self._blur(y)),
            "d_texture": self._discriminator_loss("d_texture", grey(enhanced), grey(y)),
        }
        self._d_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        self._d_optimiser.step()
        return losses

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
        for part, optimiser, rate in (
            ("generator", self._g_optimiser, self._recipe.learning_rate),
            ("discriminators", self._d_optimiser, self._recipe.discriminator_learning_rate),
        ):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor * self.rates[part]

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
    def sign(self, record: Mapping[str, float]) -> Sign | None:
        """Collapse of G, or of its average, on the preview patches; a discriminator that has won.

        A discriminator has won where its loss, in one record after the other, leaves G nothing that
        would deceive it. One that G is not trained against may win.
        """
        self.networks.eval()
        for name in ("generator", "average") if self._recipe.ema else ("generator",):
            with self._place.autocast():
                enhanced = self.networks[name](self._preview)
            if sign := collapse(self._preview, enhanced):
                return sign
        for view in ("color", "texture"):
            loss = record.get(f"d_{view}", math.inf)
            if view in record and loss < self._recipe.monitor.discriminator_won:
                reason = f"the discriminator has won: d_{view} is {loss:.2g}"
                return Sign(reason, slows=("discriminators",), patience=_WON_RECORDS)
        return None

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

    def _parameters(self, *names: str) -> Iterable[nn.Parameter]:
        return [parameter for name in names for parameter in self.networks[name].parameters()]

    def _require_grad(self, names: tuple[str, ...], wanted: bool) -> None:
        for name in names:
            self.networks[name].requires_grad_(wanted)
