"""Int8 goes where it costs little, and costs what it says."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.test_inference_backends import need, others, photo, whole, with_transport
from tests.test_inference_tiled import generator
from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.inference.backends import Backend, cpu_has_int8, open_backend
from wespe.networks.inference.backends.quantised import (
    calibrate,
    photo_like_noise,
    quantisation_error,
    residual_convolutions,
)
from wespe.networks.inference.tiled import PhotoEnhancer


@pytest.fixture
def int8() -> Backend:
    need("onnx", "openvino")
    if not cpu_has_int8():
        pytest.skip("this CPU has no dot products of bytes")
    return open_backend("openvino", int8=True)


class Doubled(nn.Module):
    """The input and, through a branch, the input once more, less an offset."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__()
        self.branch = nn.Conv2d(3, 3, 1)
        self.offset = offset
        assert self.branch.bias is not None
        nn.init.zeros_(self.branch.bias)
        self.branch.weight.data = torch.eye(3).view(3, 3, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        doubled: torch.Tensor = image + self.branch(image + -self.offset)
        return doubled


def names(network: Enhancer) -> set[str]:
    chosen = set(residual_convolutions(Convolutions(network)))
    return {name for name, module in network.named_modules() if module in chosen}


def test_branches_are_what_is_added() -> None:
    network = generator("none", blocks=2)
    assert names(network) == {f"blocks.{i}.{name}" for i in (0, 1) for name in ("first", "second")}
    srcnn, johnson = others()
    assert names(srcnn) == set()
    assert names(johnson) == {f"blocks.{i}.{place}" for i in (0, 1) for place in (0, 3)}


def test_the_noise_is_always_the_same_and_reaches_from_black_to_white() -> None:
    noise = photo_like_noise()
    assert noise.shape[:2] == (8, 3)
    assert torch.equal(noise, photo_like_noise())
    assert (float(noise.amin()), float(noise.amax())) == (0, 1)
    dark, middle, bright = noise[:3].mean((1, 2, 3))
    assert dark + 0.1 < middle < bright - 0.1
    # Neighbours resemble each other, as in photos: white noise would have 1.
    difference = noise[:6].diff(dim=3).var((1, 2, 3)) / noise[:6].var((1, 2, 3)) / 2
    assert difference.max() < 0.5


def test_steps_span_what_was_seen_and_have_a_zero() -> None:
    plain, moved = Doubled(), Doubled(offset=0.2)
    steps = calibrate(plain)[plain.branch]
    assert steps.scale == pytest.approx(1 / 255)
    assert steps.zero == 0
    # From −0.2 to 0.8: zero is the 51st of 255 levels.
    steps = calibrate(moved)[moved.branch]
    assert steps.scale == pytest.approx(1 / 255)
    assert steps.zero == 51
    assert quantisation_error(nn.Sequential(nn.Conv2d(3, 3, 1))) == 0
    # Rounding to levels of 1/255, but for what is black or white and therefore exact.
    assert 0.5 < quantisation_error(plain) * 255 * 12**0.5 < 1
    assert plain.branch.weight.equal(torch.eye(3).view(3, 3, 1, 1))


def test_the_engine_computes_in_these_steps(int8: Backend) -> None:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for offset in (0.0, 0.2):
        got = int8.compile(Doubled(offset))(image)
        branch = ((image - offset) * 255).round() / 255
        # Half a level, up or down, is a matter of rounding.
        assert ((got - image - branch).abs() < 1e-5).float().mean() > 0.99
        assert (got - image - branch).abs().max() < 1.01 / 255


@pytest.mark.slow
def test_int8_is_close_and_leaves_the_photo_itself_alone(int8: Backend) -> None:
    assert int8.name == "openvino-cpu-int8-fp32"
    pixels, errors = photo(61, 47), []
    networks = [with_transport("batch"), *others()]
    for network in networks:
        got = PhotoEnhancer(network, int8, tile_px=40).enhance(pixels)
        errors.append(float(np.abs(got - whole(network, pixels)).mean()) * 255)
    batch, srcnn, johnson = errors
    assert 1e-3 < batch < 0.5
    assert johnson < 0.5
    # It has no branches.
    assert srcnn < 1e-3
    nothing = with_transport("none")
    nn.init.zeros_(nothing.get_parameter("tail.weight"))
    got = PhotoEnhancer(nothing, int8, tile_px=40).enhance(pixels)
    np.testing.assert_allclose(got, whole(nothing, pixels), atol=1e-5, rtol=0)


def test_tiles_give_the_whole_photo(int8: Backend) -> None:
    network, pixels = with_transport("batch"), photo(61, 47)
    tiles, one = (
        PhotoEnhancer(network, int8, tile_px=tile_px).enhance(pixels) for tile_px in (40, 100)
    )
    # Sums in another order may fall on another of the branches' levels.
    assert np.abs(tiles - one).mean() < 0.05 / 255
