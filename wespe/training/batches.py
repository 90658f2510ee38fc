"""How a step gets its patches: from a memory map, or from the device, where they fit there."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wespe.core import processes
from wespe.data.patches.store import PatchSet, symmetry_table
from wespe.networks.fitting.engine import Batch
from wespe.photos.tensors import from_levels

Draw = tuple[NDArray[np.int64], NDArray[np.int64]]

NOISE_STREAM = 3
"""Of `random_of`, for what degrades patches; after those of x, y and the preview."""

_SHARE = 4  # of the free memory of a GPU, a quarter; networks and their gradients need the rest


def feed(
    source: PatchSet,
    target: PatchSet,
    texture: PatchSet | None = None,
    *,
    paired: bool,
    batch_size: int,
    seed: int,
    augment: bool,
    frames: int = 1,
    device: torch.device,
    resident: bool,
) -> Callable[[int], Batch]:
    """The batches of a training, a function of the step's number: x, y, and patches of `texture`
    where it is given, on `device`.

    Each float32 `(batch_size · frames / processes, 3, S, S)` in [0, 1], this process's part of the
    batch; `frames`: of the clips that are drawn in place of single patches.
    `paired`: both show the same scenes; otherwise they are unrelated.
    `resident`: all patches are on the device, so a step copies only their numbers.
    """
    share = processes.share(batch_size)
    part = slice(share.start * frames, share.stop * frames)
    take = _from_device if resident else _from_disk
    streams = (0, 0, 4) if paired else (0, 1, 4)
    domains = [
        (patches, stream, take(patches, device))
        for patches, stream in zip((source, target, texture), streams, strict=True)
        if patches
    ]

    def drawn(patches: PatchSet, step: int, stream: int) -> Draw:
        return patches.draw(
            step, batch_size, seed=seed, stream=stream, augment=augment, frames=frames
        )

    def batch(step: int) -> Batch:
        draws = ((drawn(patches, step, stream), pick) for patches, stream, pick in domains)
        return tuple(pick(numbers[part], symmetries[part]) for (numbers, symmetries), pick in draws)

    return batch


def random_of(
    number: int, *, seed: int, stream: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """What draws in step `number`, and the same there in a resumed training.

    Each process that trains along has another one, as has each `stream`.
    """
    key = [seed, stream, number, processes.rank()]
    drawn = np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1
    return torch.Generator(device).manual_seed(int(drawn))


def fits(domains: Sequence[PatchSet | None], device: torch.device) -> bool:
    """Whether the patches of all domains fit on a GPU, beside what else a training needs."""
    if device.type != "cuda":
        return False
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return sum(patches.pixels.nbytes for patches in domains if patches) <= free_bytes // _SHARE


def _from_disk(patches: PatchSet, device: torch.device) -> Callable[..., Tensor]:
    def pick(numbers: NDArray[np.int64], symmetries: NDArray[np.int64]) -> Tensor:
        return from_levels(_sent(patches.take(numbers, symmetries), device))

    return pick


def _from_device(patches: PatchSet, device: torch.device) -> Callable[..., Tensor]:
    count, size_px = patches.pixels.shape[:2]
    pixels = torch.tensor(patches.pixels).reshape(count, -1, 3).to(device)
    table = torch.from_numpy(symmetry_table(size_px)).to(device)

    def pick(numbers: NDArray[np.int64], symmetries: NDArray[np.int64]) -> Tensor:
        places = table[_sent(symmetries, device)]
        chosen = pixels[_sent(numbers, device)[:, None], places]
        return from_levels(chosen.reshape(-1, size_px, size_px, 3))

    return pick


def _sent(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """A copy on the device; from pinned memory, CUDA makes it while the CPU continues."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
