"""Training from patches of the same scenes: G(x) is to be y, by the losses of a method."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

import torch
from torch import Tensor, nn

from wespe.core.device import Device
from wespe.networks.perceptual import FeatureExtractor
from wespe.photos.images import Pixels
from wespe.training.losses import content_loss
from wespe.training.methods.step import (
    MethodStep,
    MyRecipe,
    Task,
    extractor_of,
    first_weights,
    sheet,
)

if TYPE_CHECKING:
    from wespe.training.methods.settings import PerceptualRecipe

MyPerceptual = TypeVar("MyPerceptual", bound="PerceptualRecipe")


class SupervisedStep(MethodStep[MyRecipe]):
    """A generator, discriminators where a method has some, and losses between G(x) and y.

    `preview`: `(x, y)`, patches that samples show. `seed` decides the networks' first weights.
    """

    paired: ClassVar[bool] = True
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)", "y")

    def __init__(
        self, recipe: MyRecipe, *, preview: tuple[Tensor, ...], device: Device, seed: int
    ) -> None:
        x, y = preview
        with first_weights(seed):
            networks = self._networks(recipe, size_px=x.shape[-1])
        super().__init__(recipe, networks=networks, preview=x, device=device)
        self._wanted = y.to(device.torch_device)
        self._optimise("generator", recipe.learning_rate, "generator")
        self._compile("generator")
        self._g_losses = self._shared(self._generator_losses, "generator")
        self._d_losses: Callable[..., dict[str, Tensor]] = self._discriminator_losses

    @classmethod
    def build(cls, recipe: MyRecipe, task: Task) -> Self:
        return cls(recipe, preview=task.preview, device=task.device, seed=task.seed)

    @abstractmethod
    def _networks(self, recipe: MyRecipe, *, size_px: int) -> dict[str, nn.Module]:
        """The networks for patches of `size_px`: `generator`, and discriminators if there are."""

    @abstractmethod
    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The losses of the generator, unweighted."""

    def _weights(self) -> Mapping[str, float]:
        """The weights of the losses; one that is not here has 1."""
        return {}

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The losses of the discriminators."""
        return {}

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        x, y = self._begin(batch, progress)
        losses, enhanced = self._g_losses(x, y)
        weights = self._weights()
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        self._descend("generator", total)
        if d_losses := self._d_losses(enhanced.detach(), y):
            self._descend("discriminators", torch.stack(list(d_losses.values())).sum())
        self._update_average(progress)
        return {k: v.detach() for k, v in {**losses, "total": total, **d_losses}.items()}

    def _generator_losses(self, x: Tensor, y: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        with self._device.autocast():
            enhanced = self.networks["generator"](x)
        return self._losses(enhanced, y), enhanced

    @torch.inference_mode()
    def sample(self) -> Pixels:
        self.networks.eval()
        return sheet([self._preview, self.generator(self._preview), self._wanted])


class PerceptualStep(SupervisedStep[MyPerceptual]):
    """A method with a content loss."""

    def __init__(
        self,
        recipe: MyPerceptual,
        *,
        extractor: FeatureExtractor,
        preview: tuple[Tensor, ...],
        device: Device,
        seed: int,
    ) -> None:
        super().__init__(recipe, preview=preview, device=device, seed=seed)
        self.extractor = device.put_frozen(extractor)

    @classmethod
    def build(cls, recipe: MyPerceptual, task: Task) -> Self:
        extractor = extractor_of(recipe.content)
        return cls(
            recipe, extractor=extractor, preview=task.preview, device=task.device, seed=task.seed
        )

    def _content(self, enhanced: Tensor, y: Tensor) -> Tensor:
        """The mean squared distance of the features of G(x) and y."""
        with self._device.autocast():
            with torch.no_grad():
                wanted = self.extractor(y)
            features = self.extractor(enhanced)
        return content_loss(wanted.float(), features.float())
