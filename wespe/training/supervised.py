"""Training from patches of the same scenes: G(x) is to be y, by the losses of a method."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn

from wespe.images import Pixels
from wespe.losses import content_loss
from wespe.models.perceptual import FeatureExtractor
from wespe.training.compute import Place
from wespe.training.method import MethodStep, Task, extractor_of, first_weights, sheet

if TYPE_CHECKING:
    from wespe.recipes.base import PerceptualRecipe, Recipe


class SupervisedStep(MethodStep):
    """One network G and the losses between G(x) and y; a method names both.

    `preview`: `(x, y)`, patches that samples show. `seed` decides the networks' first weights.
    """

    paired: ClassVar[bool] = True
    shows: ClassVar[tuple[str, ...]] = ("x", "G(x)", "y")

    def __init__(
        self, recipe: "Recipe", *, preview: tuple[Tensor, ...], place: Place, seed: int
    ) -> None:
        with first_weights(seed):
            networks = self._networks(recipe, size_px=preview[0].shape[-1])
        super().__init__(recipe, networks=networks, place=place)
        self._preview = [patches.to(place.device) for patches in preview]
        self._weights: Mapping[str, float] = {}
        self._g_optimiser = self._optimiser(recipe.learning_rate, "generator")
        self._compile("generator")
        self._g_losses = self._shared(self._generator_losses, "generator")

    @classmethod
    def build(cls, recipe: Any, task: Task) -> Self:
        return cls(recipe, preview=task.preview, place=task.place, seed=task.seed)

    @abstractmethod
    def _networks(self, recipe: Any, *, size_px: int) -> dict[str, nn.Module]:
        """The networks for patches of `size_px`: `generator`, and discriminators if there are."""

    @abstractmethod
    def _losses(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The losses of the generator, before `_weights`; one without a weight there has 1."""

    def _discriminator_step(self, enhanced: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One update of the discriminator, where a method has one; its loss."""
        return {}

    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        x, y = self._begin(batch, progress)
        losses, enhanced = self._g_losses(x, y)
        weighted = [self._weights.get(name, 1.0) * loss for name, loss in losses.items()]
        total = torch.stack(weighted).sum()
        self._descend(self._g_optimiser, total)
        d_losses = self._discriminator_step(enhanced.detach(), y)
        self._update_average(progress)
        return {k: v.detach() for k, v in {**losses, "total": total, **d_losses}.items()}

    def _generator_losses(self, x: Tensor, y: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        with self._place.autocast():
            enhanced = self.networks["generator"](x)
        return self._losses(enhanced, y), enhanced

    @torch.inference_mode()
    def sample(self) -> Pixels:
        self.networks.eval()
        x, y = self._preview
        return sheet([x, self.generator(x), y])


class PerceptualStep(SupervisedStep):
    """A method with a content loss."""

    def __init__(
        self,
        recipe: "PerceptualRecipe",
        *,
        extractor: FeatureExtractor,
        preview: tuple[Tensor, ...],
        place: Place,
        seed: int,
    ) -> None:
        super().__init__(recipe, preview=preview, place=place, seed=seed)
        self.extractor = place.put_frozen(extractor)

    @classmethod
    def build(cls, recipe: "PerceptualRecipe", task: Task) -> Self:
        extractor = extractor_of(recipe.content)
        return cls(
            recipe, extractor=extractor, preview=task.preview, place=task.place, seed=task.seed
        )

    def _content(self, enhanced: Tensor, y: Tensor) -> Tensor:
        """The mean squared distance of the features of G(x) and y."""
        with self._place.autocast():
            with torch.no_grad():
                wanted = self.extractor(y)
            features = self.extractor(enhanced)
        return content_loss(wanted.float(), features.float())
