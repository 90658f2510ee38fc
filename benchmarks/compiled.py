"""A WESPE step whose networks torch compiles (`run.compile`) against the same step without.

Run by hand: `python benchmarks/compiled.py [compute] [width] [batch size]`, by default `auto 16 4`.
Prints how far the losses of the first steps differ, what the first step takes, and steps per second
of both after that. On the CPU it needs a C++ compiler.
"""

import sys
import time
from typing import Any

import torch

from wespe.config import Recipe
from wespe.models.perceptual import build_extractor
from wespe.training.compute import Place, resolve
from wespe.training.wespe import WespeStep

COMPARED, TIMED = 3, 10
SIZE_PX = 100


def build(recipe: Recipe, place: Place) -> WespeStep:
    return WespeStep(
        recipe,
        extractor=build_extractor("untrained", layer="relu4"),
        curves=torch.arange(256).view(-1, 1).expand(-1, 3) / 255,
        preview=batch(0, 2)[0],
        place=place,
        seed=0,
    )


def batch(number: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = torch.rand(2, size, 3, SIZE_PX, SIZE_PX, generator=torch.Generator().manual_seed(number))
    return x, y


def run(step: WespeStep, size: int, place: Place) -> tuple[list[dict[str, float]], float, float]:
    """The first losses, seconds of the first step, and steps per second of later ones."""
    losses, first_s = [], 0.0
    for number in range(COMPARED):
        start = time.perf_counter()
        values = step.train_step(batch(number, size), 0.0)
        losses.append({name: float(value) for name, value in values.items()})
        first_s = first_s or time.perf_counter() - start
    held = [tuple(x.to(place.device) for x in batch(number, size)) for number in range(TIMED)]
    start = time.perf_counter()
    for patches in held:
        values = step.train_step(patches, 0.0)
    float(values["total"])  # the GPU is done
    return losses, first_s, TIMED / (time.perf_counter() - start)


def main(compute: Any = "auto", width: str = "16", batch_size: str = "4") -> None:
    recipe = Recipe.model_validate(
        {"generator": {"width": int(width)}, "content": {"extractor": "untrained"}}
    )
    results = []
    for compiled in (False, True):
        place = resolve(compute, compiled=compiled)
        results.append(run(build(recipe, place), int(batch_size), place))
        _, first_s, rate = results[-1]
        what = "compiled" if compiled else "eager"
        print(f"{place.name} {what}: first step {first_s:.1f} s, then {rate:.2f} steps/s")
    pairs = zip(results[0][0], results[1][0], strict=True)
    apart = max(abs(b[k] / a[k] - 1) for a, b in pairs for k in a if a[k])
    print(f"losses of the first {COMPARED} steps: at most {apart:.2g} apart, relatively")


if __name__ == "__main__":
    main(*sys.argv[1:])
