"""How long a training step takes on this machine, tried with noise."""

import time
from dataclasses import dataclass

import torch

from wespe.core.device import Device, tune
from wespe.networks.generator import Generator
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.degradation import Degradation
from wespe.training.methods.settings import AdversarialRecipe, PerceptualRecipe, Recipe
from wespe.training.methods.settings import Generator as Shape
from wespe.training.methods.wespe.settings import WespeRecipe

_STEPS = 3
_TYPICAL = DegradationNumbers(
    blur_px=(0.3, 1.0),
    noise_levels=(2.0, 2.0),
    noise_factor=(0.5, 1.0),
    shared_noise=0.5,
    grain_px=(0.5, 0.5),
    jpeg_quality=(70.0, 95.0),
    files_quality=None,
    mismatch=0.0,
)


@dataclass(frozen=True)
class Speed:
    """What was measured; `whole`: whether it is all of a step, or only its generator."""

    seconds: float
    whole: bool


def seconds_per_step(recipe: Recipe, *, size_px: int, device: Device) -> Speed | None:
    """The time of the generator's part of a step, with the degradation where the recipe restores.

    Extractors and discriminators are not tried: with them a step takes longer. None for methods
    whose network is not this generator. The fastest of a few steps, after one that warms up.
    """
    shape = getattr(recipe, "generator", None)
    if not isinstance(shape, Shape):
        return None
    tune(device)
    network = device.put(
        Generator(width=shape.width, blocks=shape.blocks, norm=shape.norm, start="identity")
    )
    optimiser = torch.optim.Adam(network.parameters())
    stream = torch.Generator(device.torch_device).manual_seed(0)
    degrade = Degradation(_TYPICAL) if recipe.restores else None
    patches = torch.rand(recipe.batch_size, 3, size_px, size_px).to(device.torch_device)
    taken = []
    for _ in range(1 + _STEPS):
        begin = time.perf_counter()
        with torch.no_grad():
            seen = degrade(patches, stream) if degrade else patches
        with device.autocast():
            enhanced = network(seen)
        loss = (enhanced.float() - patches).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        float(loss.detach())  # so that a GPU is done
        taken.append(time.perf_counter() - begin)
    judged = isinstance(recipe, PerceptualRecipe) and recipe.has_content
    weights = recipe.weights if isinstance(recipe, WespeRecipe) else None
    adversarial = isinstance(recipe, AdversarialRecipe) and (
        weights is None or weights.color > 0 or weights.texture > 0
    )
    return Speed(min(taken[1:]), whole=not judged and not adversarial)
