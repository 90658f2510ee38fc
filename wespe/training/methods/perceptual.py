"""Methods with a content loss: the distance of what a feature extractor sees in two pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wespe.networks.perceptual import build_extractor
from wespe.training.losses import content_loss
from wespe.training.methods.step import MethodStep, Task

if TYPE_CHECKING:
    from wespe.training.methods.settings import PerceptualRecipe

Distance = Callable[[Tensor, Tensor], Tensor]
"""Of two batches of features, `(N, C, h, w)` float32: a scalar."""


class PerceptualStep(MethodStep):
    """A method with the `extractor` that its recipe names, where `has_content` says so.

    Goes together with `AdversarialStep`. Raises ValueError as `build_extractor` does.
    """

    recipe: "PerceptualRecipe"

    def __init__(self, recipe: "PerceptualRecipe", task: Task) -> None:
        content = recipe.content
        weights = Path(content.weights) if content.weights else None
        with torch.random.fork_rng(devices=[]):  # torch draws weights that are then replaced
            self.extractor = (
                task.device.put_frozen(
                    build_extractor(content.extractor, layers=content.layers, weights=weights)
                )
                if recipe.has_content
                else None
            )
        super().__init__(recipe, task)

    def content(self, wanted: Tensor, got: Tensor, distance: Distance = content_loss) -> Tensor:
        """The distance of the features of two batches; `wanted` gets no gradient.

        The mean squared one unless another is given; of several layers, the mean of theirs.
        """
        assert self.extractor
        with self.device.autocast():
            with torch.no_grad():
                features = self.extractor(wanted)
            reached = self.extractor(got)
        both = zip(features, reached, strict=True)
        return torch.stack([distance(one.float(), other.float()) for one, other in both]).mean()
