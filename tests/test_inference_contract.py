"""Networks of strangers come out as on the whole photo, or are refused in words."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.strangers import (
    WIDTH,
    Attending,
    Enlarging,
    Pledged,
    PreActivated,
    Stranger,
    UNet,
    Unlisted,
    conv,
    made,
)
from tests.test_inference_backends import engine, photo, whole
from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.inference import tiles
from wespe.networks.inference.backends import BackendName, open_backend
from wespe.networks.inference.backends.onnx_graph import LayerError
from wespe.networks.inference.contract import check_contract
from wespe.networks.inference.opening import open_enhancer
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.layers import Context

__all__ = ["engine"]

Own = partial(nn.BatchNorm2d, track_running_stats=False)
Kept = partial(nn.InstanceNorm2d, track_running_stats=True)

LOCAL: dict[str, Callable[[], Enhancer]] = {
    "x2": lambda: Enlarging(2),
    "x3": lambda: Enlarging(3),
    "x4": lambda: Enlarging(4),
    "batch norm": lambda: Stranger(nn.BatchNorm2d(WIDTH), nn.ReLU(inplace=True)),
    "batch norm in front": lambda: PreActivated(nn.BatchNorm2d),
    "size multiple": UNet,
    "dilated, in groups": lambda: Stranger(
        nn.Conv2d(WIDTH, WIDTH, 3, padding=2, dilation=2, groups=2), nn.LeakyReLU(0.3), field_px=6
    ),
    "without padding of zeros": lambda: Stranger(
        conv(WIDTH, WIDTH, padding_mode="reflect"), nn.ReLU(), field_px=5
    ),
    "instance norm with statistics of its own": lambda: Stranger(Kept(WIDTH), nn.ReLU()),
}
STATISTICS: dict[str, Callable[[], Enhancer]] = {
    "instance norm": lambda: Stranger(
        *(nn.InstanceNorm2d(WIDTH), nn.ReLU(), conv(WIDTH, WIDTH), nn.InstanceNorm2d(WIDTH)),
        field_px=5,
    ),
    "instance norm in front": lambda: PreActivated(nn.InstanceNorm2d),
    "instance norm, smaller and smaller": lambda: UNet(nn.InstanceNorm2d),
    "batch norm of the photo": lambda: Stranger(Own(WIDTH), nn.ReLU()),
}
WHOLE: dict[str, Callable[[], Enhancer]] = {
    "group norm": lambda: Stranger(nn.GroupNorm(2, WIDTH)),
    "pooling": lambda: Stranger(
        nn.AdaptiveAvgPool2d(1), conv(WIDTH, WIDTH, 1), nn.Upsample((50, 50))
    ),
    "attention": Attending,
    "code": Unlisted,
    "around the edges": lambda: Stranger(conv(WIDTH, WIDTH, padding_mode="circular")),
    "stretched": lambda: Stranger(nn.UpsamplingBilinear2d(scale_factor=2), nn.AvgPool2d(2)),
}


@pytest.mark.parametrize(
    ("networks", "context"),
    [(LOCAL, Context.NOTHING), (STATISTICS, Context.STATISTICS), (WHOLE, Context.WHOLE)],
    ids=["local", "statistics", "whole"],
)
def test_what_a_network_looks_at_is_read_off_its_layers(
    networks: dict[str, Callable[[], Enhancer]], context: Context
) -> None:
    assert {name: make().context for name, make in networks.items()} == dict.fromkeys(
        networks, context
    )
    assert Generator(width=4, norm="instance").context is Context.STATISTICS
    assert Generator(width=4, norm="batch").context is Context.NOTHING
    assert Pledged().context is Context.NOTHING


@pytest.mark.parametrize("name", LOCAL | STATISTICS)
@pytest.mark.parametrize("shape", [(5, 9), (87, 70)], ids=str)
def test_tiles_give_what_the_whole_photo_gives(
    engine: BackendName, name: str, shape: tuple[int, int]
) -> None:
    network, pixels = made((LOCAL | STATISTICS)[name]()), photo(*shape)
    expected, scale = whole(network, pixels), network.scale
    assert expected.shape == (scale * shape[0], scale * shape[1], 3)
    try:
        enhancer = PhotoEnhancer(network, open_backend(engine), tile_px=72)
    except LayerError:
        # Of other engines' graphs these alone are no part.
        assert engine != "torch"
        assert name in {
            *("size multiple", "without padding of zeros"),
            *("instance norm with statistics of its own", "instance norm, smaller and smaller"),
        }
        return
    done: list[int] = []
    got = enhancer.enhance(pixels, advance=done.append)
    # Sums in another order, of weights that are not small.
    np.testing.assert_allclose(got, expected, atol=1e-4, rtol=0)
    assert sum(done) == shape[0] * shape[1]
    assert min(shape) < 10 or len(done) > 1


@pytest.mark.parametrize("name", ["x2", "size multiple", "batch norm"])
def test_one_pixel_is_a_photo(name: str) -> None:
    network, pixels = made(LOCAL[name]()), photo(1, 1)
    got = PhotoEnhancer(network).enhance(pixels)
    assert got.shape == (network.scale, network.scale, 3)
    np.testing.assert_allclose(got, whole(network, pixels), atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0, 40_000, 2**30], ids=["nothing", "some", "all"])
@pytest.mark.parametrize("file", [False, True], ids=["in memory", "in a file"])
@pytest.mark.parametrize("name", STATISTICS)
def test_states_of_any_size_are_kept(name: str, kept: int, file: bool) -> None:
    network, pixels = made(STATISTICS[name]()), photo(90, 131)
    enhancer = PhotoEnhancer(network, tile_px=72, kept=partial(TileStates, kept, file=file))
    np.testing.assert_allclose(enhancer.enhance(pixels), whole(network, pixels), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", WHOLE)
def test_what_cannot_be_tiled_is_computed_at_once_or_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, pixels = made(WHOLE[name]()), photo(50, 50)
    if name == "pooling":  # to a size of its own
        with pytest.raises(ValueError, match=r"Stranger: expected an output of shape \(1, 3, 17, "):
            PhotoEnhancer(network)
        return
    enhancer = open_enhancer(network)
    assert enhancer.engine == "torch-cpu-fp32"
    np.testing.assert_allclose(enhancer.enhance(pixels), whole(network, pixels), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r"tile_px: \w+ needs a whole photo at once \(.+\), so "):
        PhotoEnhancer(network, tile_px=40)
    monkeypatch.setattr(tiles, "WHOLE_PX", 2000)
    with pytest.raises(tiles.TooLargeError, match=r"at most 0\.002 megapixels, got 0\.0"):
        enhancer.enhance(pixels)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_strength_blends_with_the_enlarged_photo(scale: int) -> None:
    network, pixels = made(Enlarging(scale)), photo(61, 83)
    enhancer = PhotoEnhancer(network, tile_px=40)
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    enlarged: Tensor = F.interpolate(image, scale_factor=scale, mode="bicubic").clamp(0, 1)
    bicubic = enlarged[0].permute(1, 2, 0).numpy() if scale > 1 else pixels
    np.testing.assert_allclose(enhancer.enhance(pixels, strength=0), bicubic, atol=1e-5, rtol=0)
    half = (bicubic + enhancer.enhance(pixels)) / 2
    np.testing.assert_allclose(enhancer.enhance(pixels, strength=0.5), half, atol=1e-5, rtol=0)


class Short(Stranger):
    """A convolution that pads nothing: 4 px are missing."""

    def convolve(self, prepared: Tensor) -> Tensor:
        output: Tensor = self.body(prepared)[..., 2:-2, 2:-2]
        return output


class Brightened(Stranger):
    """As bright as its brightest pixel allows."""

    def prepare(self, image: Tensor) -> Tensor:
        return image / image.mean()


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            Enlarging(1, shuffled=4),
            r"Enlarging: .*\(1, 3, 17, .* scale is 1, got \(1, 3, 68",
        ),
        (
            Enlarging(2, shuffled=4),
            r"Enlarging: .*\(1, 3, 34, .* scale is 2, got \(1, 3, 68",
        ),
        (Short(), r"Short: .* \(1, 3, 17, \d+\) .* got \(1, 3, 13, "),
        (Stranger(conv(WIDTH, WIDTH), field_px=4), "Stranger: expected that pixels further away"),
        (Pledged(), "Pledged: expected that pixels further away .* of 255 levels"),
        (Brightened(), "Brightened: expected that pixels further away"),
        (UNet(multiple=1), r"UNet: fails on a tile of \d+×17 px; size_multiple says .*size"),
        (UNet(multiple=2), r"UNet: fails on a tile of \d+×18 px; size_multiple says .*size"),
        (Stranger(scale=1.5), r"Stranger: expected a whole scale of at least 1, got 1\.5"),
        (Stranger(size_multiple=0), "expected a whole size_multiple of at least 1, got 0"),
        (Stranger(prepare_field_px=5), "to be a part of receptive_field_px, got 5 of 4 px"),
    ],
)
def test_what_is_not_as_it_says_is_refused_in_words(network: Enhancer, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        PhotoEnhancer(made(network))


def test_one_channel_is_refused_in_words() -> None:
    network = Stranger()
    network.body[-1] = conv(WIDTH, 1, 5)
    with pytest.raises(ValueError, match=r"Stranger: expected .* \(1, 3, .* got \(1, 1, "):
        PhotoEnhancer(made(network))


def test_what_the_package_has_is_as_it_says() -> None:
    for norm in ("batch", "instance", "none"):
        for start in ("random", "transport"):
            check_contract(made(Generator(width=8, norm=norm, start=start)))


def test_a_field_that_is_too_large_costs_time_alone() -> None:
    network, pixels = made(Stranger(nn.ReLU(), field_px=9)), photo(50, 60)
    got = PhotoEnhancer(network, tile_px=40).enhance(pixels)
    np.testing.assert_allclose(got, whole(network, pixels), atol=1e-5, rtol=0)


def test_int8_is_refused_for_what_sees_the_whole_photo() -> None:
    with pytest.raises(ValueError, match="int8: expected a network without instance norm"):
        open_enhancer(made(Attending()), int8=True)
    with pytest.raises(ValueError, match="int8: expected a network with residual branches"):
        open_enhancer(made(Enlarging(2)), int8=True)
