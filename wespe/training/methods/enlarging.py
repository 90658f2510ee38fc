"""Methods of super-resolution: x is made from y in each step, smaller by the recipe's scale."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.photos.resizing import bicubic_up
from wespe.training.batches import NOISE_STREAM, random_of
from wespe.training.enlarging.degradations import DEGRADATIONS, LEAST_PX
from wespe.training.methods.step import Losses, MethodStep, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.settings import EnlargingRecipe, PixelRecipe

_PLACE_STREAM = 5
"""For where patches are cut; after those of `training.batches`, but one for all processes."""


class EnlargingStep(MethodStep):
    """A method whose G makes patches larger.

    Source and target are the same patches, of which x is made; with patches of a third domain,
    they are half of each batch. Raises ValueError for patches that cannot be made smaller.
    """

    recipe: "EnlargingRecipe"
    paired: ClassVar[bool] = True

    def __init__(self, recipe: "EnlargingRecipe", task: Task) -> None:
        crop_px = recipe.crop_px or task.size_px
        if crop_px > task.size_px:
            raise ValueError(
                f"crop_px must be at most patches.size_px ({task.size_px}), got {crop_px}"
            )
        least_px = LEAST_PX[recipe.degradation] * recipe.scale
        for key, size_px in (("patches.size_px", task.size_px), ("crop_px", crop_px)):
            if size_px % recipe.scale:
                raise ValueError(
                    f"{key} must be a multiple of the scale {recipe.scale}, got {size_px}"
                )
            if size_px < least_px:
                raise ValueError(
                    f"{key} must be at least {least_px} for degradation {recipe.degradation} and a "
                    f"scale of {recipe.scale}, got {size_px}"
                )
        if task.start and task.start.scale != recipe.scale:
            raise ValueError(
                f"start: expected a network of scale {recipe.scale}, as the recipe has it, got "
                f"{task.start.scale}"
            )
        self._seed = task.seed
        super().__init__(recipe, task)
        _, y = self.preview
        self.preview = self._smaller(y, 0), y

    def as_large(self, x: Tensor) -> Tensor:
        return bicubic_up(x, self.recipe.scale).clamp(0, 1)

    def _begin(self, batch: tuple[Tensor, ...], number: int) -> list[Tensor]:
        _, y, *others = super()._begin(self._cut(batch, number), number)
        if others:
            # Of clips, whole ones.
            half = len(y) // (2 * self.recipe.clip_frames) * self.recipe.clip_frames
            y = torch.cat([y[half:], others[0][:half]])
        return [self._smaller(y, number), y]

    def _cut(self, batch: tuple[Tensor, ...], number: int) -> tuple[Tensor, ...]:
        """The recipe's crop of all patches, at one place; of the frames of a clip the same."""
        crop_px = self.recipe.crop_px
        if crop_px is None:
            return batch
        room_px = batch[0].shape[-1] - crop_px
        random = np.random.default_rng([self._seed, _PLACE_STREAM, number])
        top, left = random.integers(room_px, size=2, endpoint=True).tolist()
        return tuple(each[..., top : top + crop_px, left : left + crop_px] for each in batch)

    @torch.no_grad()
    def _smaller(self, y: Tensor, number: int) -> Tensor:
        """What y would have been of a smaller photo; `number` decides what is random."""
        random = random_of(number, seed=self._seed, stream=NOISE_STREAM, device=y.device)
        small = DEGRADATIONS[self.recipe.degradation](y, self.recipe.scale, random)
        return small.contiguous(memory_format=torch.channels_last)


class PixelStep(EnlargingStep):
    """A method with one loss, `l1` or `mse`, that of the pixels; each names its `network`."""

    network: ClassVar[type[nn.Module]]
    recipe: "PixelRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": self.network(**shape, scale=self.recipe.scale)}

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        loss = {"l1": F.l1_loss, "mse": F.mse_loss}[self.recipe.loss]
        return {self.recipe.loss: loss(enhanced, y)}
