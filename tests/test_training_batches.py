"""Batches from the device are those from the disk, and the processes' parts are the whole."""

import numpy as np
import pytest
import torch

from tests.made import manifest
from wespe.core import processes
from wespe.data.patches.store import PatchSet
from wespe.photos.tensors import to_tensor
from wespe.training.batches import feed, fits

CPU = torch.device("cpu")


def patch_set(seed: int, count: int) -> PatchSet:
    pixels = np.random.default_rng(seed).integers(256, size=(count, 9, 9, 3), dtype=np.uint8)
    pixels.setflags(write=False)
    return PatchSet(pixels, manifest())


SOURCE, TARGET = patch_set(0, 11), patch_set(1, 7)


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("augment", [False, True])
def test_a_batch_is_what_the_sets_draw(resident: bool, augment: bool) -> None:
    batches = feed(
        SOURCE,
        TARGET,
        paired=False,
        batch_size=6,
        seed=4,
        augment=augment,
        device=CPU,
        resident=resident,
    )
    for step in (0, 1, 5):
        drawn = batches(step)
        for stream, (patches, got) in enumerate(zip((SOURCE, TARGET), drawn, strict=True)):
            expected = patches.batch(step, 6, seed=4, stream=stream, augment=augment)
            assert torch.equal(got, to_tensor(expected))
            assert got.is_contiguous()


@pytest.mark.parametrize("resident", [False, True])
def test_the_parts_of_all_processes_are_the_whole(
    resident: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batches() -> tuple[torch.Tensor, ...]:
        drawn = feed(
            SOURCE,
            TARGET,
            paired=False,
            batch_size=6,
            seed=4,
            augment=True,
            device=CPU,
            resident=resident,
        )
        return drawn(3)

    whole, parts = batches(), []
    monkeypatch.setattr(processes, "count", lambda: 3)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    for rank in range(3):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        parts.append(batches())
    for domain, patches in enumerate(whole):
        assert torch.equal(torch.cat([part[domain] for part in parts]), patches)
    monkeypatch.setattr(processes, "count", lambda: 4)
    with pytest.raises(ValueError, match="a batch of 6 cannot be shared by 4 processes"):
        batches()


def test_the_cpu_reads_its_memory_map() -> None:
    assert not fits((SOURCE, TARGET, None), CPU)
