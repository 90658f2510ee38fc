"""Networks that make photos larger: their shapes, how far they look, and that tiles change nothing.

Sizes are those of the papers' own code, as it prints them.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.by_torch import enhance_pixels
from tests.strangers import made
from tests.test_inference_backends import need
from tests.test_inference_tiled import assert_same_levels, photo, whole
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.bicubic import Bicubic
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.edsr import Edsr
from wespe.networks.enlarging.rrdb import Rrdb
from wespe.networks.enlarging.srresnet import SrResNet
from wespe.networks.inference.backends import BackendName, open_backend
from wespe.networks.inference.export import export
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.layers import Context
from wespe.networks.srcnn import Srcnn


def small(scale: int) -> dict[str, Enhancer]:
    torch.manual_seed(0)
    networks: dict[str, Enhancer] = {
        "compact": Compact(scale=scale, width=6, layers=3),
        "srresnet": SrResNet(scale=scale, width=4, blocks=2),
        "edsr": Edsr(scale=scale, width=4, blocks=2),
        "rrdb": Rrdb(scale=scale, width=4, blocks=1, growth=3),
        "srcnn": Srcnn(width=6, scale=scale),
    }
    return {name: _made(network) for name, network in networks.items()}


def _made(network: Enhancer) -> Enhancer:
    constants = [name for name, part in network.named_modules() if isinstance(part, Bicubic)]
    network = made(network)
    for name in constants:
        network.set_submodule(name, Bicubic(network.scale))
    return network


EACH = [(name, scale) for name in small(2) for scale in (2, 4)]
ids = [f"{name} x{scale}" for name, scale in EACH]


def parameters(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())


@pytest.mark.slow
def test_the_papers_sizes() -> None:
    assert parameters(Edsr()) == 43_089_923
    assert parameters(Edsr(width=64, blocks=16, residual_scaling=1)) == 1_517_571
    assert parameters(Rrdb()) == 16_697_987
    # Weights, a slope a channel, and a bias: 3 to 48, ten times 48 to 48, and 48 to 3 · 4².
    assert parameters(Compact()) == (27 + 2) * 48 + 10 * (432 + 2) * 48 + (432 + 1) * 48
    # 9×9, 33 convolutions with batch norm and 17 slopes, two doublings with a slope, 9×9.
    doubling = (576 + 1) * 256 + 1
    expected = (243 + 1) * 64 + 1 + 33 * (576 + 2) * 64 + 16 + 2 * doubling + (81 * 64 + 1) * 3
    assert parameters(SrResNet()) == expected


@pytest.mark.parametrize(("name", "scale"), EACH, ids=ids)
def test_receptive_field(name: str, scale: int) -> None:
    network = small(scale)[name]
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)  # Positive: no activation stops a gradient.
    image = torch.rand(1, 3, 81, 81, requires_grad=True)
    middle = slice(40 * scale, 41 * scale)
    network(image)[0, :, middle, middle].sum().backward()
    assert image.grad is not None
    reach = image.grad[0].abs().sum(0).nonzero()
    radius = network.receptive_field_px
    assert (int(reach.min()), int(reach.max())) == (40 - radius, 40 + radius)


@pytest.mark.parametrize("shape", [(1, 1), (20, 31), (61, 47)], ids=str)
@pytest.mark.parametrize(("name", "scale"), EACH, ids=ids)
def test_tiles_give_the_whole_photo(name: str, scale: int, shape: tuple[int, int]) -> None:
    network, pixels = small(scale)[name], photo(*shape)
    assert network.context is Context.NOTHING
    expected = whole(network, pixels)
    assert expected.shape == (scale * shape[0], scale * shape[1], 3)
    tile_px = 2 * network.receptive_field_px + 9
    assert_same_levels(enhance_pixels(network, pixels, tile_px=tile_px), expected)


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
@pytest.mark.parametrize("name", [*small(4)])
def test_other_engines_give_what_torch_gives(name: str, engine: BackendName) -> None:
    need("onnx", {"onnx": "onnxruntime"}.get(engine, engine))
    network, pixels = small(4)[name], photo(45, 31).astype(np.float32) / 255
    enhancer = PhotoEnhancer(network, open_backend(engine))
    with torch.inference_mode():
        image = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
        expected = network(image).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(enhancer.enhance(pixels), expected, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*small(4)])
def test_exported_does_the_same(tmp_path: Path, name: str) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    assert export(small(4)[name], tmp_path / "network.onnx") < 1e-5


@pytest.mark.slow
def test_exported_to_openvino_does_the_same(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    need("openvino")
    assert export(small(4)["compact"], tmp_path / "network.xml") < 1e-4


@pytest.mark.parametrize("name", [*small(4)])
def test_round_trip(tmp_path: Path, name: str) -> None:
    network, image = small(4)[name], torch.rand(1, 3, 9, 7)
    save_generator(tmp_path / "g.safetensors", network)
    loaded = load_generator(tmp_path / "g.safetensors")
    assert (type(loaded), loaded.config, loaded.scale) == (type(network), network.config, 4)
    assert torch.equal(loaded(image), network(image))


def test_compact_begins_near_bicubic() -> None:
    torch.manual_seed(0)
    network, image = Compact(scale=4).eval(), torch.rand(1, 3, 20, 20)
    difference = network(image) - network.bicubic(image)
    assert 0 < difference.abs().mean() < 0.1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_pillows(scale: int) -> None:
    grey = np.random.default_rng(0).random((12, 15), np.float32)
    size = (15 * scale, 12 * scale)
    expected = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))
    image = torch.from_numpy(grey).expand(1, 3, -1, -1)
    inside = slice(2 * scale, -2 * scale)  # Pillow has its own way at the border.
    for channel in Bicubic(scale)(image)[0].numpy():
        got = channel[inside, inside]
        np.testing.assert_allclose(got, expected[inside, inside], atol=1e-6)


def test_bicubic_keeps_a_constant() -> None:
    image = torch.full((1, 3, 3, 1), 0.7)
    torch.testing.assert_close(Bicubic(4)(image), torch.full((1, 3, 12, 4), 0.7))


def test_a_scale_that_is_no_power_of_2_is_refused() -> None:
    for scale in (1, 3, 6):
        with pytest.raises(ValueError, match=f"expected a scale of 2, 4, 8 …, got {scale}"):
            SrResNet(scale=scale, width=4, blocks=1)
