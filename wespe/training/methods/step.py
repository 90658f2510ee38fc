"""What the steps of all methods share: networks, optimisers, learning rates, averages."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from wespe.core import processes
from wespe.core.device import Device
from wespe.networks.enhancer import Enhancer
from wespe.networks.fitting.monitor import Divergence, collapse, dead
from wespe.networks.generator import Generator
from wespe.photos.filters import gaussian_blur
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels
from wespe.results.cards import DegradationNumbers
from wespe.training.methods.starting import begin_with
from wespe.training.transport.transports import Transports

if TYPE_CHECKING:
    from wespe.training.methods.settings import Recipe

Losses = dict[str, Tensor]
Weights = Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """What a method trains with, in addition to its recipe.

    `preview`: patches `(x, y)`, float `(N, 3, size_px, size_px)` in [0, 1], to show in samples.
    They show the same scenes if the method is `paired`. `transports` are those between the domains;
    each is fitted when a method first asks for it. `seed` decides the networks' first weights and
    all that is drawn at random. `start`: a trained network whose weights the generator begins with.
    """

    preview: tuple[Tensor, Tensor]
    transports: Transports
    device: Device
    seed: int
    start: Enhancer | None = None

    @property
    def size_px(self) -> int:
        """Width and height of a patch."""
        return self.preview[0].shape[-1]


class MethodStep(ABC):
    """A training method: its networks, and the step that changes them.

    A method has to define `paired`, `build_networks` and `losses`, and may override `weights`,
    `shows` with `columns`, `complete`, and `rarely_trained`. `networks` holds all networks by name.
    `generator` is the one to save, `average` its running average. All but the discriminators, whose
    names begin with `d_`, are trained together, as the part `generator`. Raises ValueError for
    weights that cannot be used.
    """

    recipe: "Recipe"
    """The method's settings; a method names its own class of them."""

    paired: ClassVar[bool]
    """Whether patch n of the source shows what patch n of the target does; a batch is then `(x, y)`
    of the same scenes, otherwise of unrelated scenes."""

    shows: tuple[str, ...] = ("input", "enhanced", "target")
    """The headings of a sample sheet's columns."""

    rarely_trained: bool = False
    """Whether in some steps a network of the part `generator` takes part in no loss. Processes that
    train together then have to look for missing gradients."""

    def __init__(self, recipe: "Recipe", task: Task) -> None:
        self.recipe, self.device = recipe, task.device
        self.preview = tuple(patches.to(self.device.torch_device) for patches in task.preview)
        with _first_weights(task.seed):
            networks = self.build_networks(task)
        if task.start:
            begin_with(task.start, networks["generator"])
        average = copy.deepcopy(networks["generator"]).requires_grad_(False)
        together = self.device.put(nn.ModuleDict({**networks, "average": average}))
        self.networks = processes.synchronised(together)
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.first_rates: dict[str, float] = {}
        self.rates: dict[str, float] = {}
        generators = [name for name in networks if not name.startswith("d_")]
        self._optimise("generator", recipe.learning_rate, generators)
        self._compile(generators)
        trained = [self.networks[name] for name in generators]
        # Called once before each `_descend`: processes then average the gradients.
        self._all_losses = processes.shared(
            self._generator_losses, trained, unused=self.rarely_trained
        )

    @abstractmethod
    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        """The networks by name, with weights drawn from torch's global random generator."""

    @abstractmethod
    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        """The unweighted losses of the part `generator`, each a mean over the batch, by name.

        `enhanced` is G(x); all three are `(N, 3, size_px, size_px)`. `weights`: those of this step.
        """

    def weights(self, number: int) -> Weights:
        """The weights of the losses in step `number`, counted from 1; a loss not named has 1."""
        return {}

    def columns(self) -> list[Tensor]:
        """What `shows` names, for the preview patches; called in evaluation mode, no gradients."""
        x, y = self.preview
        return [self.as_large(x), self.generator(x), y]

    def as_large(self, x: Tensor) -> Tensor:
        """What goes into G, as large as what comes out of it."""
        return x

    def blur(self, image: Tensor, sigma_px: float) -> Tensor:
        """The colour view of a batch, as in `gaussian_blur`, in any precision of the networks."""
        # In fp32: oneDNN's bf16 depthwise convolution never returns for a 1×15 kernel (torch 2.13).
        with torch.autocast(self.device.torch_device.type, enabled=False):
            return gaussian_blur(image.float(), sigma_px)

    def train_step(self, batch: tuple[Tensor, ...], number: int) -> Mapping[str, Tensor]:
        """One update of all networks, in step `number`, by `(x, y)` as in `paired`.

        Returns the unweighted losses.
        """
        x, y, *others = self._begin(batch, number)
        weights = self.weights(number)
        losses, enhanced = self._all_losses(x, y, weights, *others)
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        self._descend("generator", total)
        d_losses = self._train_discriminators(enhanced.detach(), y, *others)
        self._update_average(number)
        return {k: v.detach() for k, v in {**losses, "total": total, **d_losses}.items()}

    @torch.inference_mode()
    def sample(self) -> Pixels:
        """A sheet with a row for each preview patch and the columns that `shows` names."""
        self.networks.eval()
        return _sheet(self.columns())

    @torch.inference_mode()
    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        """Collapse or death of G, or of its average, on the preview patches."""
        self.networks.eval()
        x, _ = self.preview
        for name in ("generator", "average") if self.recipe.ema else ("generator",):
            network = self.networks[name]
            with self.device.autocast():
                enhanced = network(x)
            if found := collapse(self.as_large(x), enhanced):
                return found
            if isinstance(network, Generator) and not network.leak:
                with self.device.autocast():
                    features = network.features(network.prepare(x))
                if found := dead(features):
                    return found
        return None

    @property
    def degradation(self) -> DegradationNumbers | None:
        """The degradation that the method has found and trains with, if it does."""
        return None

    @property
    def detail(self) -> float | None:
        """The gain of the finest detail, if the generator has one."""
        gain = self.generator.detail if isinstance(self.generator, Generator) else None
        return None if gain is None else round(float(gain), 2)

    @property
    def generator(self) -> Enhancer:
        """The network to save: the running average if the recipe has one."""
        network = self.networks["average" if self.recipe.ema else "generator"]
        assert isinstance(network, Enhancer)
        return network

    def complete(self) -> None:  # noqa: B027  (most methods have nothing left to do)
        """What is left to do with `generator` after the last step, before it is saved."""

    def state_dict(self) -> dict[str, Any]:
        return {
            "networks": self.networks.state_dict(),
            "optimisers": {part: value.state_dict() for part, value in self.optimisers.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.networks.load_state_dict(state["networks"])
        for part, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][part])

    def _generator_losses(self, x: Tensor, y: Tensor, weights: Weights) -> tuple[Losses, Tensor]:
        with self.device.autocast():
            enhanced = self.networks["generator"](x)
        return self.losses(x, enhanced, y, weights), enhanced

    def _train_discriminators(self, enhanced: Tensor, y: Tensor, *others: Tensor) -> Losses:
        """One update of the discriminators, if there are any. Returns their losses."""
        return {}

    def _optimise(self, part: str, rate: float, names: Sequence[str]) -> None:
        """Train the networks `names` together, as `part`, at a rate that the recipe's schedule
        lowers."""
        parameters = [value for name in names for value in self.networks[name].parameters()]
        betas = (self.recipe.adam_beta1, self.recipe.adam_beta2)
        self.optimisers[part] = torch.optim.Adam(parameters, rate, betas)
        self.first_rates[part], self.rates[part] = rate, 1.0

    def _compile(self, names: Sequence[str]) -> None:
        """Let torch compile the networks `names` where the device asks for it."""
        for name in names if self.device.compiled else ():
            self.networks[name].compile()

    def _begin(self, batch: tuple[Tensor, ...], number: int) -> list[Tensor]:
        """Make networks and learning rates ready for a step, and move the batch to the device."""
        self.networks.train()
        factor = self._decayed(number)
        if number < self.recipe.warm_up:
            factor *= number / self.recipe.warm_up
        for part, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.first_rates[part] * factor * self.rates[part]
        device = self.device.torch_device
        return [patches.to(device, memory_format=torch.channels_last) for patches in batch]

    def _decayed(self, number: int) -> float:
        """The factor on the learning rates in step `number`, by the recipe's schedule."""
        done, start = (number - 1) / self.recipe.steps, self.recipe.decay_from
        if done < start:
            return 1.0
        left = (1 - done) / (1 - start)
        return left if self.recipe.decay == "linear" else (1 - math.cos(math.pi * left)) / 2

    def _descend(self, part: str, loss: Tensor) -> None:
        """One update of a part that `_optimise` named, down the gradient of `loss`."""
        self.optimisers[part].zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimisers[part].step()

    @torch.no_grad()
    def _update_average(self, number: int) -> None:
        if not self.recipe.ema:
            return
        # Early on the average is short, or it would remember the untrained network for long.
        decay = min(self.recipe.ema, number / (9 + number))
        new = self.networks["generator"].state_dict()
        for name, value in self.networks["average"].state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)


@contextmanager
def _first_weights(seed: int) -> Iterator[None]:
    """Networks that are built inside get the weights of `seed`; nothing else is random after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _sheet(columns: Sequence[Tensor]) -> Pixels:
    """Batches of pictures, `(N, 3, H, W)` each, side by side: `(N · H, columns · W, 3)`."""
    rows = np.concatenate([to_pixels(images) for images in columns], axis=2)
    return np.ascontiguousarray(np.concatenate(list(rows), axis=0))
