"""Instance norm in tiles: the statistics of the whole photo, however much of it is kept."""

import copy
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.test_inference_backends import photo, whole
from tests.test_inference_tiled import generator
from wespe.networks.inference import instance_norm, tile_states
from wespe.networks.inference.backends import TorchBackend
from wespe.networks.inference.instance_norm import fix, moments_of
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.inference.tiled import PhotoEnhancer

Room = Callable[[], TileStates]

TILE_PX = 40
ROOM: dict[str, tuple[int, int]] = {
    "all in memory": (2**30, 0),
    "all in a file": (0, 2**30),
    "nothing kept": (0, 0),
    # A tile of the network here takes at most 2 × 6 × 40² × 4 bytes.
    "some in memory, the rest in a file": (100_000, 2**30),
    "some in memory, some in a file, some nowhere": (100_000, 400_000),
}
"""Bytes of memory, and free on the disk, of which half is used."""


@pytest.fixture(params=ROOM)
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Room:
    memory, disk = ROOM[request.param]
    monkeypatch.setattr(tile_states, "_free_bytes", lambda: disk)
    return partial(TileStates, memory)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 91), (61, 47), (83, 43)], ids=str)
def test_whatever_is_kept_tiles_give_the_whole_photo(room: Room, shape: tuple[int, int]) -> None:
    pixels = photo(*shape)
    for blocks in (0, 1, 3):
        network = generator("instance", "random", blocks)
        enhancer = PhotoEnhancer(network, tile_px=TILE_PX, kept=room)
        expected = whole(network, pixels)
        # A second photo meets what the first has left.
        for _ in range(2 if blocks == 1 else 1):
            np.testing.assert_allclose(enhancer.enhance(pixels), expected, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_each_norm_sees_the_whole_photo(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    network, pixels = generator("instance", blocks=3), photo(75, 97)
    expected: list[tuple[Tensor, Tensor]] = []
    fixed: list[nn.BatchNorm2d] = []

    def look(_: nn.Module, inputs: tuple[Tensor]) -> None:
        expected.append(torch.var_mean(inputs[0].double(), (0, 2, 3), correction=0))

    def fix_and_tell(*arguments: object) -> nn.BatchNorm2d:
        fixed.append(fix(*arguments))  # type: ignore[arg-type]
        return fixed[-1]

    monkeypatch.setattr(instance_norm, "fix", fix_and_tell)
    PhotoEnhancer(network, tile_px=TILE_PX, kept=room).enhance(pixels)
    for module in network.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.register_forward_pre_hook(look)
    whole(network, pixels)
    assert len(fixed) == len(expected) == 6
    for norm, (variance, mean) in zip(fixed, expected, strict=True):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        np.testing.assert_allclose(norm.running_mean, mean, atol=1e-5)
        np.testing.assert_allclose(norm.running_var, variance, rtol=1e-4)


@pytest.mark.slow
def test_bf16_is_the_same_whatever_is_kept(room: Room) -> None:
    network, pixels = generator("instance", "random"), photo(75, 97)
    backend = TorchBackend(bf16=True)
    first = PhotoEnhancer(network, backend, tile_px=TILE_PX).enhance(pixels)
    got = PhotoEnhancer(network, backend, tile_px=TILE_PX, kept=room).enhance(pixels)
    np.testing.assert_array_equal(got, first)


class CountingBackend(TorchBackend):
    """Counts the functions that it compiles, and how often each set of weights is used."""

    def __init__(self) -> None:
        super().__init__()
        self.compiled = 0
        self.calls: Counter[float] = Counter()

    def compile(self, layers: nn.Module) -> Callable[[Tensor], Tensor]:
        run, weights = super().compile(layers), float(next(layers.parameters()).detach().sum())
        self.compiled += 1

        def count(image: Tensor) -> Tensor:
            self.calls[weights] += 1
            return run(image)

        return count


@pytest.mark.parametrize(
    ("place", "calls"),
    [
        # The head, four convolutions in the blocks and what comes after them.
        ("all in memory", [3, 3, 3, 3, 3, 3]),
        ("all in a file", [3, 3, 3, 3, 3, 3]),
        ("nothing kept", [15, 15, 12, 9, 6, 3]),
    ],
)
def test_what_is_kept_is_not_computed_again(
    place: str, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, disk = ROOM[place]
    monkeypatch.setattr(tile_states, "_free_bytes", lambda: disk)
    network, backend = generator("instance", blocks=2), CountingBackend()
    enhancer = PhotoEnhancer(network, backend, tile_px=TILE_PX, kept=partial(TileStates, memory))
    # Each part was tried once.
    assert backend.compiled == len(calls)
    backend.compiled = 0
    enhancer.enhance(photo(30, 60))
    assert [*backend.calls.values()] == calls
    # Each part once a pass, in the passes that need it.
    assert backend.compiled == sum(calls) / 3


@torch.inference_mode()
def test_moments_of_pieces_make_those_of_the_whole() -> None:
    norm = nn.InstanceNorm2d(5, affine=True, eps=1e-3)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.normal_(norm.bias)
    # A mean far from zero, beside which float32 would lose the variance.
    image = 1000 + torch.rand(1, 5, 53, 40)
    before = copy.deepcopy(image)
    bands = torch.split(image, [1, 30, 22], 2)
    pieces = [part for rows in bands for part in torch.split(rows, [33, 7], 3)]
    fixed = fix(norm, [moments for piece in pieces for moments in moments_of(piece)])
    values = image.double().numpy()
    assert fixed.running_mean is not None
    assert fixed.running_var is not None
    np.testing.assert_allclose(fixed.running_mean, values.mean((0, 2, 3)), rtol=1e-7)
    np.testing.assert_allclose(fixed.running_var, values.var((0, 2, 3)), rtol=1e-3)
    torch.testing.assert_close(fixed(image), norm(image), atol=1e-2, rtol=0)
    torch.testing.assert_close(image, before, atol=0, rtol=0)
