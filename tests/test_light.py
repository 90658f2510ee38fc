"""Networks without torch give what they give by torch with the engine OpenVINO."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.test_enlarging_networks import small
from tests.test_inference_tiled import MIXED, generator, unlike_at_the_start
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.inference import openvino_engine
from wespe.networks.inference.backends import open_backend
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.johnson import JohnsonNetwork
from wespe.networks.light.network import NeedsTorchError
from wespe.networks.light.opening import open_light
from wespe.networks.registry import ARCHITECTURES, LIGHT
from wespe.networks.shipped import default_network
from wespe.networks.srcnn import Srcnn
from wespe.networks.transport import Transport
from wespe.photos.images import AnyPixels

TOLERANCE = 2e-5
"""Of a range of 1: float32 sums are made in other orders."""


def photo(height: int, width: int, dtype: type = np.float32) -> AnyPixels:
    noise = np.random.default_rng(0).random((height, width, 3), np.float32)
    largest = 1 if dtype is np.float32 else np.iinfo(dtype).max
    return (noise * largest).astype(dtype)


def with_transport(*, light: bool, detail: bool = False) -> Generator:
    network = generator("batch", "transport", light=light, detail=detail, leak=0.1)
    levels = 255 * (np.arange(256.0)[:, None].repeat(3, axis=1) / 255) ** [0.5, 0.7, 0.9]
    network.transport = Transport(levels, 1.2, (1.4, 1.3), MIXED, 0.45, 0.5)
    return network


def other(made: Callable[[], Enhancer]) -> Enhancer:
    torch.manual_seed(0)
    network = made().eval()
    unlike_at_the_start(network)
    return network


NETWORKS: dict[str, Callable[[], Enhancer]] = {
    "plain": lambda: generator("none"),
    "batch norm": lambda: generator("batch", "random"),
    "transport": lambda: with_transport(light=False),
    "light": lambda: with_transport(light=True),
    "detail": lambda: with_transport(light=True, detail=True),
    "srcnn": lambda: other(lambda: Srcnn(width=8, middle_kernel_px=3)),
    "johnson": lambda: other(lambda: JohnsonNetwork(width=8, blocks=2)),
    "compact": lambda: small(4)["compact"],
    "srresnet": lambda: small(4)["srresnet"],
    "edsr": lambda: small(2)["edsr"],
    "rrdb": lambda: small(4)["rrdb"],
    "srcnn that enlarges": lambda: small(4)["srcnn"],
}


@pytest.fixture(params=NETWORKS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    save_generator(path, NETWORKS[request.param]())
    return path


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (3, 90), (61, 47), (170, 190)], ids=str)
@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_results_are_those_of_torch(file: Path, shape: tuple[int, int], strength: float) -> None:
    pixels, by_torch = photo(*shape), PhotoEnhancer(load_generator(file), open_backend("openvino"))
    expected = by_torch.enhance(pixels, strength=strength)
    light = open_light(file, "cpu-fp32")
    got = light.enhance(pixels, strength=strength)
    assert got.dtype == np.float32
    if light.scale == 1:
        assert np.abs(expected - pixels).mean() > 0.01 * strength
    np.testing.assert_allclose(got, expected, atol=TOLERANCE, rtol=0)
    assert light.key == by_torch.key
    assert light.name == by_torch.name


def test_tiles_give_the_whole_photo(file: Path) -> None:
    pixels = photo(150, 171)
    whole, tiles = (
        open_light(file, "cpu-fp32", tile_px=tile_px).enhance(pixels) for tile_px in (512, 60)
    )
    np.testing.assert_allclose(tiles, whole, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_levels_come_back_in_their_type(file: Path, dtype: type) -> None:
    pixels, counts = photo(40, 31, dtype), list[int]()
    enhancer = open_light(file, "cpu-fp32")
    largest = np.iinfo(dtype).max
    exact = enhancer.enhance((pixels / largest).astype(np.float32)) * largest
    got = enhancer.enhance(pixels, advance=counts.append)
    assert got.dtype == dtype
    assert np.abs(got - exact).max() <= 0.51
    assert sum(counts) == 40 * 31
    if enhancer.scale == 1:
        np.testing.assert_array_equal(enhancer.enhance(pixels, strength=0), pixels)


def test_bf16_rounds_as_by_torch() -> None:
    if not openvino_engine.computes_bf16():
        pytest.skip("OpenVINO does not compute in bf16 on this CPU")
    file, pixels = default_network().path, photo(200, 150, np.uint8)
    expected = PhotoEnhancer(load_generator(file), open_backend("openvino", bf16=True))
    got = open_light(file, "cpu-bf16")
    assert got.key == expected.key
    difference = np.abs(got.enhance(pixels).astype(int) - expected.enhance(pixels))
    assert difference.max() <= 1
    assert difference.mean() < 0.001


def test_what_needs_torch_says_so(tmp_path: Path) -> None:
    file = tmp_path / "network.safetensors"
    save_generator(file, generator("instance"))
    needs = r"needs torch: pip install 'wespe\[train\]'"
    with pytest.raises(NeedsTorchError, match=f"network.safetensors: instance norm.*{needs}"):
        open_light(file)
    save_generator(file, generator("none"))
    for compute, engine in (("cuda-bf16", "auto"), ("auto", "torch"), ("auto", "onnx")):
        with pytest.raises(NeedsTorchError, match=needs):
            open_light(file, compute, engine)  # type: ignore[arg-type]
    with pytest.raises(NeedsTorchError, match=f"TensorFlow {needs}"):
        open_light(tmp_path / "iphone.index")


def test_an_architecture_without_a_light_form_needs_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "network.safetensors"
    save_generator(file, Srcnn(width=4))
    monkeypatch.delitem(LIGHT, "srcnn")
    with pytest.raises(NeedsTorchError, match=r"a network of the architecture srcnn needs torch"):
        open_light(file)


def test_a_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    file = tmp_path / "network.safetensors"
    for blocks in (1, 3):
        network = generator("batch", blocks=2)
        network.config |= {"blocks": blocks}
        save_generator(file, network)
        with pytest.raises(ValueError, match=r"network.safetensors: weights and architecture do"):
            open_light(file)


def test_light_forms_are_of_architectures_there_are() -> None:
    assert LIGHT.keys() <= ARCHITECTURES.keys()
