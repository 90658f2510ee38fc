"""Methods with discriminators, which learn to separate enhanced patches from the target's."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wespe.core import processes
from wespe.networks.fitting.monitor import Divergence
from wespe.training.losses import adversarial_loss, discriminator_loss, r1_penalty
from wespe.training.methods.step import Losses, MethodStep, Task

if TYPE_CHECKING:
    from wespe.training.methods.settings import AdversarialRecipe, EnlargingGanRecipe

# A single batch may be easy; ten records in a row are 200 steps with the default settings.
_WON_RECORDS = 10


class AdversarialStep(MethodStep):
    """G against discriminators: networks whose names begin with `d_`.

    After each step of G they take one too, as the part `discriminators`. What a method has to write
    for them is `views`. A recipe may do without them. G's loss against `d_NAME` has to be called
    `NAME`.
    """

    recipe: "AdversarialRecipe | EnlargingGanRecipe"

    def __init__(self, recipe: "AdversarialRecipe | EnlargingGanRecipe", task: Task) -> None:
        super().__init__(recipe, task)
        names = [name for name in self.networks if name.startswith("d_")]
        self._discriminators = [self.networks[name] for name in names]
        if not names:
            return
        self._optimise("discriminators", recipe.discriminator_learning_rate, names)
        # torch cannot differentiate twice through what it has compiled.
        self._compile([] if recipe.discriminator.r1 else names)
        self._d_losses = processes.shared(self._discriminator_losses, self._discriminators)
        self._freeze_discriminators(True)

    @abstractmethod
    def views(self, image: Tensor) -> dict[str, Tensor]:
        """What each discriminator, by its name, sees of a batch `(N, 3, size_px, size_px)`."""

    def adversarial(self, name: str, view: Tensor) -> Tensor:
        """G's loss against the discriminator `name`, which sees `view` of G(x)."""
        with self.device.autocast():
            logits = self.networks[name](view)
        return adversarial_loss(logits.float())

    def separation(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The loss of a discriminator by its logits, `(N,)` each."""
        return discriminator_loss(real_logits, fake_logits)

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        """Also a discriminator that has won.

        It has won where its loss, in one record after the other, leaves G nothing that would
        deceive it. One that G is not trained against may win.
        """
        if found := super().divergence(record):
            return found
        for name, loss in record.items():
            trained_against = name.startswith("d_") and name.removeprefix("d_") in record
            if trained_against and loss < self.recipe.monitor.discriminator_won:
                reason = f"the discriminator has won: {name} is {loss:.2g}"
                return Divergence(reason, parts=("discriminators",), patience=_WON_RECORDS)
        return None

    def _train_discriminators(self, enhanced: Tensor, y: Tensor, *others: Tensor) -> Losses:
        if not self._discriminators:
            return {}
        self._freeze_discriminators(False)
        losses: Losses = self._d_losses(enhanced, y, *others)
        self._descend("discriminators", torch.stack(list(losses.values())).sum())
        self._freeze_discriminators(True)
        return losses

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor, *others: Tensor) -> Losses:
        fake, real = self.views(enhanced), self.views(y)
        return {name: self._discriminator_loss(name, fake[name], real[name]) for name in fake}

    def _discriminator_loss(self, name: str, fake: Tensor, real: Tensor) -> Tensor:
        """How far a discriminator is from separating both, with the recipe's R1 penalty."""
        r1 = self.recipe.discriminator.r1
        real = real.requires_grad_(bool(r1))
        with self.device.autocast():
            real_logits = self.networks[name](real).float()
            fake_logits = self.networks[name](fake).float()
        loss = self.separation(real_logits, fake_logits)
        return loss + r1 * r1_penalty(real_logits, real) if r1 else loss

    def _freeze_discriminators(self, frozen: bool) -> None:
        for network in self._discriminators:
            network.requires_grad_(not frozen)
