"""What the steps of all methods share: networks, optimisers, learning rates, averages."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from wespe.core import processes
from wespe.core.device import Device
from wespe.data.patches.store import PatchSet
from wespe.networks.enhancer import Enhancer
from wespe.networks.fitting.monitor import Sign, collapse
from wespe.networks.perceptual import FeatureExtractor, build_extractor
from wespe.networks.transport import Transport
from wespe.photos.filters import gaussian_blur
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels
from wespe.results.cards import NetworkCard
from wespe.training.look import fit_transport
from wespe.training.losses import discriminator_loss, r1_penalty

if TYPE_CHECKING:
    from wespe.training.methods.settings import Content, Recipe

MyRecipe = TypeVar("MyRecipe", bound="Recipe")

# A single batch may be easy to tell; ten records in a row are 200 steps with the default settings.
_WON_RECORDS = 10


@dataclass(frozen=True)
class Task:
    """What a method gets to train with, next to its recipe.

    `transport` takes the look of the source to that of the target.
    `preview`: patches `(x, y)`, float `(N, 3, size_px, size_px)` in [0, 1], to show in samples; of
    the same scenes for a method that is `paired`. `seed` decides the networks' first weights.
    """

    source: PatchSet
    target: PatchSet
    transport: Transport
    preview: tuple[Tensor, ...]
    device: Device
    seed: int


class MethodStep(ABC, Generic[MyRecipe]):
    """A training method: its networks, and the step that changes them.

    `networks` by name; `generator` among them is the one to keep. `preview`: the source patches
    that samples show. A method adds its optimisers with `_optimise`; what it then has to write is
    `build`, `train_step` and `sample`.
    """

    paired: ClassVar[bool]
    """Whether patch n of the source shows what patch n of the target does; a batch is then `(x, y)`
    of the same scenes, otherwise of scenes in no relation."""
    shows: ClassVar[tuple[str, ...]]
    """The columns of a sample sheet."""

    def __init__(
        self,
        recipe: MyRecipe,
        *,
        networks: Mapping[str, nn.Module],
        preview: Tensor,
        device: Device,
    ) -> None:
        self._recipe, self._device = recipe, device
        self._preview = preview.to(device.torch_device)
        average = copy.deepcopy(networks["generator"]).requires_grad_(False)
        together = device.put(nn.ModuleDict({**networks, "average": average}))
        self.networks = processes.synchronised(together)
        self._optimisers: dict[str, torch.optim.Optimizer] = {}
        self._first_rates: dict[str, float] = {}
        self.rates: dict[str, float] = {}

    @classmethod
    @abstractmethod
    def build(cls, recipe: MyRecipe, task: Task) -> Self:
        """The step at the start of a training.

        Raises ValueError for weights that cannot be used.
        """

    @abstractmethod
    def train_step(self, batch: tuple[Tensor, ...], progress: float) -> Mapping[str, Tensor]:
        """One update of all networks, by `(x, y)` as in `paired`. Returns the unweighted losses."""

    @abstractmethod
    def sample(self) -> Pixels:
        """A sheet with a row a preview patch and the columns that `shows` names."""

    @torch.inference_mode()
    def sign(self, record: Mapping[str, float]) -> Sign | None:
        """Collapse of G, or of its average, on the preview patches; a discriminator that has won.

        A discriminator has won where its loss, in one record after the other, leaves G nothing that
        would deceive it. One that G is not trained against may win.
        """
        self.networks.eval()
        for name in ("generator", "average") if self._recipe.ema else ("generator",):
            with self._device.autocast():
                enhanced = self.networks[name](self._preview)
            if sign := collapse(self._preview, enhanced):
                return sign
        for name, loss in record.items():
            trained_against = name.startswith("d_") and name.removeprefix("d_") in record
            if trained_against and loss < self._recipe.monitor.discriminator_won:
                reason = f"the discriminator has won: {name} is {loss:.2g}"
                return Sign(reason, slows=("discriminators",), patience=_WON_RECORDS)
        return None

    def published_card(self, sha256: str) -> NetworkCard | None:
        """The card of a network that others have trained, whose file has this hash; else None."""
        return None

    @property
    def generator(self) -> Enhancer:
        """The network to keep: the running average where the recipe has one."""
        network = self.networks["average" if self._recipe.ema else "generator"]
        assert isinstance(network, Enhancer)
        return network

    def state_dict(self) -> dict[str, Any]:
        return {
            "networks": self.networks.state_dict(),
            "optimisers": {part: value.state_dict() for part, value in self._optimisers.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.networks.load_state_dict(state["networks"])
        for part, optimiser in self._optimisers.items():
            optimiser.load_state_dict(state["optimisers"][part])

    def _optimise(self, part: str, rate: float, *names: str) -> None:
        """Train the networks `names` together, as `part`, at a rate that the recipe's schedule
        lowers."""
        parameters = [value for name in names for value in self.networks[name].parameters()]
        betas = (self._recipe.adam_beta1, self._recipe.adam_beta2)
        self._optimisers[part] = torch.optim.Adam(parameters, rate, betas)
        self._first_rates[part], self.rates[part] = rate, 1.0

    def _shared(
        self, losses: Callable[..., Any], *names: str, unused: bool = False
    ) -> Callable[..., Any]:
        """`losses` of the networks `names`, whose gradients all processes of a training average.

        To be called once before each `_descend`; the rest as in `processes.shared`.
        """
        return processes.shared(losses, [self.networks[name] for name in names], unused=unused)

    def _compile(self, *names: str, r1: float = 0) -> None:
        """Let torch compile networks where the device asks for it, but none with a penalty `r1`."""
        # torch cannot differentiate twice through what it has compiled.
        for name in names if self._device.compiled and not r1 else ():
            self.networks[name].compile()

    def _begin(self, batch: tuple[Tensor, ...], progress: float) -> list[Tensor]:
        """Networks and learning rates made ready for a step; the batch where they are."""
        self.networks.train()
        start = self._recipe.decay_from
        factor = 1.0 if progress < start else (1 - progress) / (1 - start)
        for part, optimiser in self._optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self._first_rates[part] * factor * self.rates[part]
        device = self._device.torch_device
        return [patches.to(device, memory_format=torch.channels_last) for patches in batch]

    def _descend(self, part: str, loss: Tensor) -> None:
        """One update of a part that `_optimise` named, down the gradient of `loss`."""
        self._optimisers[part].zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimisers[part].step()

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

    def _discriminator_loss(self, name: str, fake: Tensor, real: Tensor, *, r1: float) -> Tensor:
        """The cross-entropy of a discriminator, with `r1` times its gradient penalty."""
        real = real.requires_grad_(bool(r1))
        with self._device.autocast():
            real_logits = self.networks[name](real).float()
            fake_logits = self.networks[name](fake).float()
        loss = discriminator_loss(real_logits, fake_logits)
        return loss + r1 * r1_penalty(real_logits, real) if r1 else loss

    def _require_grad(self, names: Sequence[str], wanted: bool) -> None:
        for name in names:
            self.networks[name].requires_grad_(wanted)

    def _blur(self, image: Tensor, sigma_px: float) -> Tensor:
        # In fp32: oneDNN's bf16 depthwise convolution never returns for a 1×15 kernel (torch 2.13).
        with torch.autocast(self._device.torch_device.type, enabled=False):
            return gaussian_blur(image.float(), sigma_px)


@contextmanager
def first_weights(seed: int) -> Iterator[None]:
    """Networks that are built inside get the weights of `seed`; nothing else is random after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def transport_between(source: PatchSet, target: PatchSet, *, shrink: bool) -> Transport:
    """What takes patches of the one set to the look of the other."""
    return fit_transport(
        source.pixels,
        target.pixels,
        source_photos=source.photos,
        target_photos=target.photos,
        shrink=shrink,
    )


def extractor_of(content: "Content") -> FeatureExtractor:
    """The feature extractor that a recipe names. Raises ValueError as `build_extractor` does."""
    weights = Path(content.weights) if content.weights else None
    return build_extractor(content.extractor, layer=content.layer, weights=weights)


def sheet(columns: Sequence[Tensor]) -> Pixels:
    """Batches of pictures, `(N, 3, H, W)` each, side by side: `(N · H, columns · W, 3)`."""
    rows = np.concatenate([to_pixels(images) for images in columns], axis=2)
    return np.ascontiguousarray(np.concatenate(list(rows), axis=0))
