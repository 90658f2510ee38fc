"""Speed and memory of a full-width WESPE step, against the same step written plainly.

Run by hand: `python -m benchmarks.training [--vgg FILE] [--steps N] [--batch N] [--compiled]`.

The plain step has the same networks, losses and optimisers, in fp32, eager, in torch's default
memory layout, with one pass of VGG-19 over x and x̃ together, through which gradients flow to both.
"Restoration" is the step of the default recipe, at twice its width: G alone, undoing what a camera
does; of it, the share is told that goes into making degraded patches.
All are timed in turns, step by step, so that what else the machine does hits all; each one's peak
memory is that of a process of its own. `--cost FILE.svg` draws instead what a step takes against
patch size, batch size and width.

Without a weights file VGG-19 has random weights, which take as long.
"""

import argparse
import contextlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import vgg19

from tests.made import manifest
from wespe.core.device import Device, Network, resolve
from wespe.data.patches.store import PatchSet
from wespe.photos.filters import grey
from wespe.photos.tensors import to_tensor
from wespe.reports.page.charts import Series, line_chart
from wespe.training.camera.degradation import ANY_CAMERA, Degradation
from wespe.training.losses import (
    adversarial_loss,
    content_loss,
    total_variation_loss,
    transport_loss,
)
from wespe.training.methods.step import Losses, Task, Weights
from wespe.training.methods.wespe.settings import WespeRecipe
from wespe.training.methods.wespe.step import WespeStep
from wespe.training.transport.transports import Transports

SIZE_PX, BATCH, WIDTH = 100, 8, 64
WAYS = ("plain", "here", "here, content every 4th", "here, restoration")
COMPILED = "here, compiled"


class PlainDevice(Device):
    """The CPU or GPU in fp32, networks in torch's default memory layout."""

    def put(self, network: Network) -> Network:
        return network.to(self.torch_device)


class PlainStep(WespeStep):
    """The step as one writes it down: one VGG pass over x and x̃, nothing left out of the graph."""

    def _begin(self, batch: tuple[Tensor, ...], number: int) -> list[Tensor]:
        return [patches.contiguous() for patches in super()._begin(batch, number)]

    def losses(self, x: Tensor, enhanced: Tensor, y: Tensor, weights: Weights) -> Losses:
        networks, sigma_px = self.networks, self.recipe.blur_sigma_px
        blurred = self.blur(enhanced, sigma_px)
        assert self.extractor
        (both,) = self.extractor(torch.cat([x.requires_grad_(), networks["inverse"](enhanced)]))
        return {
            "content": content_loss(*both.chunk(2)),
            "color": adversarial_loss(networks["d_color"](blurred)),
            "texture": adversarial_loss(networks["d_texture"](grey(enhanced))),
            "tv": total_variation_loss(enhanced),
            "transport": transport_loss(blurred, self._transport(x), sigma_px),
        }


def build(way: str, *, weights: Path, size_px: int, width: int) -> WespeStep:
    losses = {"transport": 20.0}
    if way.endswith("restoration"):
        unused = dict.fromkeys(("content", "color", "texture", "tv"), 0.0)
        losses = {**unused, "restoration": 1.0, "structure": 0.1}
    recipe = WespeRecipe.model_validate(
        {
            "generator": {"width": width, "norm": "none", "start": "transport"},
            "discriminator": {"norm": "none", "r1": 0.01},
            "content": {"every": 4 if way.endswith("4th") else 1, "weights": str(weights)},
            "weights": losses,
        }
    )
    device = resolve("auto", compiled=way == COMPILED)
    if way == "plain":
        device = PlainDevice(device.torch_device, bf16=False)
    one: Any = SimpleNamespace(pixels=np.zeros((1, 32, 32, 3), np.uint8), photos=np.zeros(1, int))
    # Of one photo each: they change nothing, and no camera is measured.
    transports = Transports(one, one, shrink=True, any_camera=True)
    return (PlainStep if way == "plain" else WespeStep)(
        recipe, Task(batch(0, 2, size_px), transports, device, seed=0)
    )


def batch(number: int, size: int, size_px: int) -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, size, 3, size_px, size_px, generator=torch.Generator().manual_seed(number))
    return x, y


def seconds(step: WespeStep, number: int, size: int, size_px: int) -> float:
    """What step `number` takes, its losses read, so that a GPU is done."""
    patches = batch(number, size, size_px)
    start = time.perf_counter()
    float(step.train_step(patches, number)["total"])
    return time.perf_counter() - start


def compare(weights: Path, ways: tuple[str, ...], steps: int, size: int) -> None:
    built = {way: build(way, weights=weights, size_px=SIZE_PX, width=WIDTH) for way in ways}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    # Content comes with every fourth step; the first four warm up.
    for number in range(1, 5 + steps - steps % 4):
        for way, step in built.items():
            taken[way].append(seconds(step, number, size, SIZE_PX))
    print(f"{size} patches of {SIZE_PX} px, {WIDTH} channels, {torch.get_num_threads()} threads")
    print(f"{'':28}{'s/step':>8}{'patches/s':>11}{'ratio':>7}{'peak MB':>9}  precision")
    plain = statistics.fmean(taken["plain"][4:])
    for way, step in built.items():
        mean = statistics.fmean(taken[way][4:])
        command = [sys.executable, "-m", "benchmarks.training", "--vgg", str(weights)]
        command += ["--peak", way, "--batch", str(size)]
        peak_mb = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        speed, ratio, name = size / mean, plain / mean, step.device.name
        print(f"{way:28}{mean:8.2f}{speed:11.2f}{ratio:7.2f}{peak_mb:>9}  {name}")
    reading = read_seconds(size)
    share = reading / statistics.fmean(taken[WAYS[2]][4:])
    print(f"reading a batch of both domains: {1000 * reading:.1f} ms, {share:.2%} of the third")
    degrading = degrading_seconds(size)
    share = degrading / statistics.fmean(taken[WAYS[3]][4:])
    print(f"degrading a batch: {1000 * degrading:.1f} ms, {share:.2%} of the fourth")


def peak_mb() -> int:
    """This process's peak. Not getrusage's, which starts at that of the process that began it."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def read_seconds(size: int) -> float:
    """What the patches of one step take to read and turn, both domains, from memory maps."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "patches.npy"
        np.save(path, np.random.default_rng(0).integers(256, size=(2000, 100, 100, 3), dtype="u1"))
        patches = PatchSet(np.load(path, mmap_mode="r"), manifest())
        start = time.perf_counter()
        for number in range(50):
            for stream in range(2):
                to_tensor(patches.batch(number, size, seed=0, stream=stream, augment=True))
        return (time.perf_counter() - start) / 50


def degrading_seconds(size: int) -> float:
    """What degrading the clean patches of one step takes."""
    degradation, random = Degradation(ANY_CAMERA), torch.Generator().manual_seed(0)
    clean, _ = batch(0, size, SIZE_PX)
    taken = []
    for _ in range(6):
        start = time.perf_counter()
        degradation(clean, random)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def cost(weights: Path, path: Path) -> None:
    """Draw seconds a patch against patch size, batch size and width."""
    sweeps = {
        "Patch size, px": [(px, BATCH, WIDTH) for px in (50, 75, 100, 125)],
        "Batch size": [(SIZE_PX, size, WIDTH) for size in (1, 2, 4, 8, 16)],
        "Channels": [(SIZE_PX, BATCH, width) for width in (16, 32, 48, 64)],
    }
    charts = []
    for place, (label, points) in enumerate(sweeps.items()):
        values, taken = [], []
        for size_px, size, width in points:
            step = build(WAYS[1], weights=weights, size_px=size_px, width=width)
            each = [seconds(step, number, size, size_px) for number in range(1, 5)]
            values.append((size_px, size, width)[place])
            taken.append(1000 * min(each[1:]) / size)
            print(f"{label:16}{values[-1]:5}{taken[-1]:9.0f} ms a patch", flush=True)
        series = Series("", np.array(values, float), np.array(taken))
        charts.append(line_chart([series], x_label=label, y_label="ms a patch", title=label))
    write_svg(path, [str(chart) for chart in charts])


def write_svg(path: Path, charts: list[str]) -> None:
    """The charts side by side in one file, with the styles that the report has for them."""
    style = (
        "text{font:13px system-ui,sans-serif;fill:#555} .grid{stroke:#ddd;stroke-width:.6}"
        " .axis{stroke:#777} .raw{display:none} .smooth{stroke:#1f6feb;stroke-width:2;fill:none}"
    )
    inner = "".join(
        str(chart).replace("<svg ", f'<svg x="{480 * number}" width="470" height="300" ', 1)
        for number, chart in enumerate(charts)
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1440 310"><style>{style}</style>'
        f'<rect width="1440" height="310" fill="#fff"/>{inner}</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vgg", type=Path, help="VGG-19 weights, .safetensors")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--cost", type=Path, metavar="FILE.svg")
    parser.add_argument("--compiled", action="store_true", help="with run.compile, too")
    parser.add_argument("--peak", choices=[*WAYS, COMPILED], help=argparse.SUPPRESS)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if not options.vgg:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            options.vgg = Path(folder) / "random.safetensors"
            save_file(vgg19().state_dict(), options.vgg)
        if options.peak:
            step = build(options.peak, weights=options.vgg, size_px=SIZE_PX, width=WIDTH)
            for number in range(1, 5):
                seconds(step, number, options.batch, SIZE_PX)
            print(peak_mb())
        elif options.cost:
            cost(options.vgg, options.cost)
        else:
            ways = (*WAYS, COMPILED) if options.compiled else WAYS
            compare(options.vgg, ways, options.steps, options.batch)


if __name__ == "__main__":
    main()
