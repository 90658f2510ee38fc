"""Methods with a content loss: the distance of what a feature extractor sees in two pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wespe.networks.perceptual import build_extractor
from wespe.training.losses import content_loss
from wespe.training.methods.step import MethodStep, Task

if TYPE_CHECKING:
    from wespe.training.methods.settings import PerceptualRecipe


class PerceptualStep(MethodStep):
    """A method with the `extractor` that its recipe names, where `has_content` says so.

    Goes together with `AdversarialStep`. Raises ValueError as `build_extractor` does.
    """

    recipe: "PerceptualRecipe"

    def __init__(self, recipe: "PerceptualRecipe", task: Task) -> None:
        content = recipe.content
        if recipe.has_content:
            weights = Path(content.weights) if content.weights else None
            with torch.random.fork_rng(devices=[]):  # torch draws weights that are then replaced
                extractor = build_extractor(content.extractor, layer=content.layer, weights=weights)
            self.extractor = task.device.put_frozen(extractor)
        super().__init__(recipe, task)

    def content(self, wanted: Tensor, got: Tensor) -> Tensor:
        """The mean squared distance of the features of two batches; `wanted` gets no gradient."""
        with self.device.autocast():
            with torch.no_grad():
                features = self.extractor(wanted)
            reached = self.extractor(got)
        return content_loss(features.float(), reached.float())
