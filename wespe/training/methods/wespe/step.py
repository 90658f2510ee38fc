"""The WESPE method: G and F against D_c and D_t, from unpaired patches (section 3)."""

import copy
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.discriminator import Discriminator
from wespe.networks.generator import Generator
from wespe.photos.filters import grey
from wespe.results.cards import DegradationNumbers
from wespe.training.batches import NOISE_STREAM, random_of
from wespe.training.camera.degradation import Degradation
from wespe.training.detail import fit_detail
from wespe.training.losses import (
    content_loss,
    structure_loss,
    total_variation_loss,
    transport_loss,
)
from wespe.training.methods.adversarial import AdversarialStep
from wespe.training.methods.perceptual import PerceptualStep
from wespe.training.methods.step import Losses, Task, Weights
from wespe.training.pretrained import take_convolutions

if TYPE_CHECKING:
    from wespe.training.methods.wespe.settings import WespeRecipe


_RESTORED_AT_ONCE = 16  # patches


class WespeStep(AdversarialStep, PerceptualStep):
    """G and F (`inverse`) against D_c (`d_color`) and D_t (`d_texture`), by the losses of eq. 6.

    Networks whose losses have no weight are not there. With the weight `restoration` a measured
    camera stands in F's place: it makes of clean patches those that G learns to restore; the weight
    `structure` adds their SSIM. `transports`: those between the domains.
    """

    recipe: "WespeRecipe"
    paired: ClassVar[bool] = False

    def __init__(self, recipe: "WespeRecipe", task: Task) -> None:
        # F has the content loss only.
        self.rarely_trained = recipe.content.every > 1
        weights = recipe.weights
        self._judges_photos = any(weights.model_dump(exclude={"restoration", "structure"}).values())
        self.shows = ("input", "enhanced")
        self.shows += ("mapped back",) if weights.content else ()
        self.shows += ("clean", "degraded", "restored") if recipe.restores else ()
        super().__init__(recipe, task)
        self._seed, self.transports = task.seed, task.transports
        if recipe.restores:
            self._back = copy.deepcopy(task.transports.colours_back).to(self.device.torch_device)
            self._degradation = Degradation(task.transports.degradation)
        if recipe.weights.transport:
            self._transport = copy.deepcopy(task.transports.forth).to(self.device.torch_device)

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape, norm = self.recipe.generator.model_dump(), self.recipe.discriminator.norm
        forth, back = None, None
        if self.recipe.generator.start == "transport":
            transports = task.transports
            forth = transports.around_restoration if self.recipe.restores else transports.forth
            back = task.transports.back if self.recipe.weights.content else None
        weights = self.recipe.weights
        networks: dict[str, nn.Module] = {"generator": Generator(**shape, transport=forth)}
        if self.recipe.pretrained:
            take_convolutions(networks["generator"], self.recipe.pretrained)
        if weights.content:
            networks["inverse"] = Generator(**shape, transport=back)
        if weights.color:
            networks["d_color"] = Discriminator(3, size_px=task.size_px, norm=norm)
        if weights.texture:
            networks["d_texture"] = Discriminator(1, size_px=task.size_px, norm=norm)
        return networks

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
        views = {}
        if self.recipe.weights.color:
            views["d_color"] = self.blur(image, self.recipe.blur_sigma_px)
        if self.recipe.weights.texture:
            views["d_texture"] = grey(image)
        return views

    def columns(self) -> list[Tensor]:
        x, y = self.preview
        enhanced = self.generator(x)
        shown = [x, enhanced]
        if self.recipe.weights.content:
            shown.append(self.networks["inverse"](enhanced))
        if self.recipe.restores:
            clean, degraded = self._pseudo_pairs(y, number=0)
            assert isinstance(self.generator, Generator)
            shown += [clean, degraded, self.generator.restored(degraded)]
        return shown

    def complete(self) -> None:
        generator = self.generator
        assert isinstance(generator, Generator)
        if self.recipe.keep:
            with torch.no_grad():
                for values in generator.tail.parameters():
                    values.mul_(1 - self.recipe.keep)
        generator.eval()
        if self.recipe.restores:
            self._recolour(generator)
        if generator.detail is not None:
            device = self.device.torch_device
            source, target = (patches.to(device) for patches in self.transports.texture)
            generator.detail.fill_(fit_detail(generator, source, target))

    @torch.no_grad()
    def _recolour(self, generator: Generator) -> None:
        """Fit the colours of G's transport to what G has learned to make."""

        def restored(patches: Tensor) -> Tensor:
            with self.device.autocast():
                chunks = torch.split(patches.to(self.device.torch_device), _RESTORED_AT_ONCE)
                return torch.cat([generator.restored(chunk).cpu() for chunk in chunks])

        assert generator.transport
        contrast = generator.transport.gains[1:].tolist()
        fitted = self.transports.after_restoration(restored, contrast)
        generator.transport.load_state_dict(fitted.state_dict())

    @property
    def degradation(self) -> DegradationNumbers | None:
        return self._degradation.numbers if self.recipe.restores else None

    def _begin(self, batch: tuple[Tensor, ...], number: int) -> list[Tensor]:
        x, y, *texture = super()._begin(batch, number)
        if not self.recipe.restores:
            return [x, y]
        half = len(y) // 2
        clean = torch.cat([y[half:], texture[0][:half]]) if texture else y
        return [x, y, *self._pseudo_pairs(clean, number)]

    def _pseudo_pairs(self, clean: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """Clean patches in the source's colours, and as its camera would have taken them."""
        with torch.no_grad():
            clean = self._back.recolour(clean)
        stream = random_of(number, seed=self._seed, stream=NOISE_STREAM, device=clean.device)
        return clean, self._degradation(clean, stream)

    def _generator_losses(
        self,
        x: Tensor,
        y: Tensor,
        weights: Weights,
        clean: Tensor | None = None,
        degraded: Tensor | None = None,
    ) -> tuple[Losses, Tensor]:
        losses, enhanced = Losses(), x
        if self._judges_photos:
            losses, enhanced = super()._generator_losses(x, y, weights)
        if clean is not None and degraded is not None:
            generator = self.networks["generator"]
            assert isinstance(generator, Generator)
            assert generator.transport
            with self.device.autocast():
                restored = generator.restored(degraded)
            # As they will be seen: the curves lift the noise of shadows.
            recolour = generator.transport.recolour
            seen, wanted = recolour(restored), recolour(generator.prepare(clean))
            losses["restoration"] = F.l1_loss(seen, wanted)
            if weights["structure"]:
                losses["structure"] = structure_loss(seen, wanted)
        return losses, enhanced
