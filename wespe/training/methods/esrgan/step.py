"""ESRGAN: SRGAN with a relativistic discriminator (Wang et al., ECCV Workshops 2018)."""

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wespe.networks.enhancer import Enhancer
from wespe.training.losses import relativistic_loss
from wespe.training.methods.enlarging_gan import EnlargingGanStep
from wespe.training.methods.step import Task

if TYPE_CHECKING:
    from wespe.training.methods.esrgan.settings import EsrganRecipe


class EsrganStep(EnlargingGanStep):
    """G against a discriminator that compares its results with photos."""

    recipe: "EsrganRecipe"

    def __init__(self, recipe: "EsrganRecipe", task: Task) -> None:
        super().__init__(recipe, task)
        assert task.start
        self._start = self.device.put(copy.deepcopy(task.start))

    def deceive(self, enhanced: Tensor, y: Tensor) -> Tensor:
        discriminator = self.networks["d_texture"]
        with self.device.autocast():
            with torch.no_grad():
                real = discriminator(y)
            fake = discriminator(enhanced)
        return relativistic_loss(fake.float(), real.float())

    def separation(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return relativistic_loss(real_logits, fake_logits)

    @property
    def generator(self) -> Enhancer:
        """The network to save: between the one it began with and the trained one."""
        trained, share = super().generator, self.recipe.interpolation
        if share == 1:
            return trained
        mixed = copy.deepcopy(trained)
        began = self._start.state_dict()
        with torch.no_grad():
            for name, value in mixed.state_dict().items():
                if value.is_floating_point():
                    value.copy_(torch.lerp(began[name], value, share))
        return mixed
