"""ESRGAN's generator, by the pixels of its results (Wang et al., ECCV Workshops 2018)."""

from typing import TYPE_CHECKING

from torch import nn

from wespe.networks.enlarging.rrdb import Rrdb
from wespe.training.methods.enlarging import PixelStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.rrdb.settings import RrdbRecipe


class RrdbStep(PixelStep):
    """One loss, that of the pixels."""

    recipe: "RrdbRecipe"

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        shape = self.recipe.generator.model_dump()
        return {"generator": Rrdb(**shape, scale=self.recipe.scale)}
