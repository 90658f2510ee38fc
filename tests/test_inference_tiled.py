import copy

import numpy as np
import pytest
import torch
from torch import nn

from tests.by_torch import enhance_pixels
from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.generator import Generator, Norm, Start
from wespe.networks.inference.fold import optimised, split_narrow
from wespe.networks.inference.tile_spans import spans
from wespe.networks.johnson import JohnsonNetwork
from wespe.networks.srcnn import Srcnn
from wespe.networks.transport import UNMIXED, Transport
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor

MIXED = UNMIXED + np.array([[0.02, 0, -0.02], [0.1, -0.1, 0], [0, 0.2, -0.1], [-0.1, 0, 0.1]])


def generator(
    norm: Norm,
    start: Start = "identity",
    blocks: int = 2,
    *,
    light: bool = False,
    detail: bool = False,
    leak: float = 0.0,
) -> Generator:
    """A narrow network that changes a photo by many levels, its statistics far from 0 and 1."""
    torch.manual_seed(0)
    network = Generator(
        width=6, blocks=blocks, norm=norm, start=start, light=light, detail=detail, leak=leak
    )
    if network.detail is not None:
        network.detail.fill_(1.8)
    # By some levels, whichever its first weights.
    nn.init.normal_(network.tail.weight, std=0.01 if start == "transport" else 0.15)
    unlike_at_the_start(network)
    return network.eval()


def unlike_at_the_start(network: nn.Module) -> None:
    """Statistics and weights of norms far from 0 and 1."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)


def photo(height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@torch.inference_mode()
def whole(network: Enhancer, pixels: Pixels) -> Pixels:
    return np.asarray(to_pixels(network(to_tensor(pixels)))[0])


def assert_same_levels(got: Pixels, expected: Pixels) -> None:
    """Equal, but for the rare value that float32 rounding carries over half a level."""
    difference = np.abs(got.astype(int) - expected)
    assert difference.max() <= 1
    assert difference.sum() <= 2 + difference.size / 1000


def test_receptive_field_is_how_far_a_pixel_looks() -> None:
    network = generator("none")
    image = torch.rand(1, 3, 1, 61, requires_grad=True)
    network(image.expand(-1, -1, 61, -1))[0, :, 30, 30].sum().backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum((0, 1)).nonzero().flatten()
    reach = network.receptive_field_px
    assert (int(seen.min()), int(seen.max())) == (30 - reach, 30 + reach)


def test_spans_cover_every_pixel_once_with_full_halos() -> None:
    for length in range(1, 120):
        for tile, halo in ((5, 2), (17, 4), (40, 18), (64, 0)):
            cut = spans(length, tile, halo)
            given = [px for span in cut for px in range(span.valid_start, span.valid_stop)]
            assert given == list(range(length))
            assert len({span.stop - span.start for span in cut}) == 1
            for span in cut:
                assert 0 <= span.start < span.stop <= min(length, span.start + tile)
                assert span.start == 0 or span.valid_start - span.start >= halo
                assert span.stop == length or span.stop - span.valid_stop >= halo


@pytest.mark.parametrize("start", ["identity", "random"])
@pytest.mark.parametrize("norm", ["batch", "none", "instance"])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 90), (90, 2), (20, 31), (61, 47), (100, 83)], ids=str
)
def test_tiles_give_the_whole_photo(norm: Norm, start: Start, shape: tuple[int, int]) -> None:
    if norm == "instance" and shape == (1, 1):
        pytest.skip("torch refuses one pixel; see test_instance_norm_of_one_pixel")
    network, pixels = generator(norm, start), photo(*shape)
    expected = whole(network, pixels)
    assert np.abs(expected.astype(int) - pixels).mean() > 2
    assert_same_levels(enhance_pixels(network, pixels, tile_px=40), expected)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "instance"])
@pytest.mark.parametrize("shape", [(1, 7), (29, 140), (131, 217), (300, 421)], ids=str)
def test_tiles_give_the_whole_photo_with_a_transport(norm: Norm, shape: tuple[int, int]) -> None:
    network, pixels = generator(norm, "transport", light=True), photo(*shape)
    levels = 255 * (np.arange(256.0)[:, None].repeat(3, axis=1) / 255) ** [0.5, 0.7, 0.9]
    network.transport = Transport(levels, 1.2, (1.4, 1.3), MIXED, 0.3)
    tile_px = 2 * network.receptive_field_px + 12
    assert_same_levels(enhance_pixels(network, pixels, tile_px=tile_px), whole(network, pixels))


@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (4, 90), (90, 3), (131, 217)], ids=str)
def test_tiles_give_the_whole_photo_with_amplified_detail(shape: tuple[int, int]) -> None:
    network, pixels = generator("none", "transport", detail=True), photo(*shape)
    expected = whole(network, pixels)
    tile_px = 2 * network.receptive_field_px + 12
    assert_same_levels(enhance_pixels(network, pixels, tile_px=tile_px), expected)
    assert network.detail is not None
    network.detail.fill_(1)
    more_than_a_blur = min(shape) > 3
    assert (np.abs(expected.astype(int) - whole(network, pixels)).max() > 20) == more_than_a_blur


@pytest.mark.parametrize("shape", [(1, 1), (20, 31), (61, 47), (100, 83)], ids=str)
def test_tiles_of_the_other_networks_give_the_whole_photo(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    networks = [Srcnn(width=6, middle_kernel_px=5), JohnsonNetwork(width=6, blocks=2)]
    for network in networks:
        unlike_at_the_start(network)
        pixels = photo(*shape)
        expected = whole(network.eval(), pixels)
        assert np.abs(expected.astype(int) - pixels).mean() > 2
        assert_same_levels(enhance_pixels(network, pixels, tile_px=40), expected)


def test_instance_norm_of_one_pixel() -> None:
    # One pixel has no variance: every norm gives its bias, whatever the convolution before it.
    network = generator("instance")
    other = copy.deepcopy(network)
    nn.init.zeros_(other.get_parameter("blocks.0.first.weight"))
    one = photo(1, 1)
    np.testing.assert_array_equal(enhance_pixels(network, one), enhance_pixels(other, one))


@torch.inference_mode()
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_folding_batch_norm_changes_nothing(norm: Norm) -> None:
    network, image = generator(norm), torch.rand(2, 3, 33, 29)
    before = copy.deepcopy(network.state_dict())
    folded = optimised(Convolutions(network.train()))
    expected = Convolutions(network.eval())(image)
    torch.testing.assert_close(folded(image), expected, atol=1e-5, rtol=0)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert network.config["norm"] == norm
    torch.testing.assert_close(network.state_dict(), before, atol=0, rtol=0)


@torch.inference_mode()
def test_splitting_a_narrow_convolution_changes_nothing() -> None:
    torch.manual_seed(0)
    for height, width in ((9, 9), (5, 3), (1, 5)):
        layers = nn.Sequential(nn.Conv2d(6, 3, (height, width), padding=(height // 2, width // 2)))
        split, image = split_narrow(layers), torch.rand(1, 6, 21, 17)
        assert isinstance(split.get_submodule("0"), nn.Sequential)
        torch.testing.assert_close(split(image), layers(image), atol=1e-5, rtol=0)
    wide = nn.Sequential(nn.Conv2d(3, 16, 9, padding=4), nn.Conv2d(16, 3, 1))
    assert [type(layer) for layer in split_narrow(wide).children()] == [nn.Conv2d, nn.Conv2d]


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_bfloat16_stays_within_a_few_levels(norm: Norm) -> None:
    for start in ("identity", "random"):
        network, pixels = generator(norm, start), photo(70, 60)
        exact = enhance_pixels(network, pixels).astype(int)
        got = enhance_pixels(network, pixels, tile_px=50, dtype=torch.bfloat16)
        assert 0 < np.abs(got - exact).mean() < 1


def test_bfloat16_does_not_touch_the_photo_itself() -> None:
    network, pixels = Generator(width=4, start="identity"), photo(40, 40)
    got = enhance_pixels(network, pixels, dtype=torch.bfloat16)
    np.testing.assert_array_equal(got, pixels)


def test_strength_blends_with_the_photo() -> None:
    network, pixels = generator("none"), photo(50, 60)
    np.testing.assert_array_equal(enhance_pixels(network, pixels, strength=0), pixels)
    full, half = enhance_pixels(network, pixels), enhance_pixels(network, pixels, strength=0.5)
    np.testing.assert_allclose(half, (full.astype(float) + pixels) / 2, atol=1)


def test_network_is_left_as_it_was() -> None:
    network, pixels = generator("instance").train(), photo(30, 30)
    before = copy.deepcopy(network.state_dict())
    first = enhance_pixels(network, pixels, dtype=torch.bfloat16)
    np.testing.assert_array_equal(enhance_pixels(network, pixels, dtype=torch.bfloat16), first)
    torch.testing.assert_close(network.state_dict(), before, atol=0, rtol=0)
    assert network.training


@pytest.mark.slow
@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="strength must be from 0 to 1, got"):
        enhance_pixels(generator("none"), photo(4, 4), strength=strength)


def test_tile_of_nothing_but_halo_is_refused() -> None:
    network = generator("none")
    smallest = 2 * network.receptive_field_px + 1
    with pytest.raises(ValueError, match=f"tile_px must be more than {smallest - 1} .* got 20"):
        enhance_pixels(network, photo(4, 4), tile_px=20)
    pixels = photo(smallest + 2, 3)
    assert_same_levels(enhance_pixels(network, pixels, tile_px=smallest), whole(network, pixels))
