"""Every backend gives what one pass of torch over the whole photo gives."""

import importlib.util
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.test_inference_tiled import MIXED, generator, unlike_at_the_start
from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Norm
from wespe.networks.inference import openvino_engine
from wespe.networks.inference.backends import (
    BACKENDS,
    BackendName,
    cpu_has_int8,
    open_backend,
)
from wespe.networks.inference.backends.eager import TorchBackend
from wespe.networks.inference.backends.onnx_graph import onnx_graph
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.johnson import JohnsonNetwork
from wespe.networks.srcnn import Srcnn
from wespe.networks.transport import Transport
from wespe.photos.images import AnyPixels

ENGINES: list[BackendName] = [name for name in BACKENDS if name != "auto"]


def need(*packages: str) -> None:
    """Skip the test where one is missing, without importing any: OpenVINO would tell its makers."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> BackendName:
    if request.param != "torch":
        need("onnx", "onnxruntime" if request.param == "onnx" else "openvino")
    name: BackendName = request.param
    return name


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), dtype=np.float32)


@torch.inference_mode()
def whole(network: Enhancer, pixels: np.ndarray) -> np.ndarray:
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    return np.asarray(network.eval()(image).clamp(0, 1)[0].permute(1, 2, 0))


def with_transport(norm: Norm, brightness: float = 0.3, vividness: float = 0.0) -> Enhancer:
    network = generator(norm, "transport", light=True)
    levels = 255 * (np.arange(256.0)[:, None].repeat(3, axis=1) / 255) ** [0.5, 0.7, 0.9]
    network.transport = Transport(levels, 1.2, (1.4, 1.3), MIXED, brightness, vividness)
    return network


def test_fp32_is_not_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CUDA would have it by default; the switch is the same on every device."""
    seen, convolve = list[bool](), torch.nn.functional.conv2d

    def look(*tensors: Any, **options: Any) -> torch.Tensor:
        seen.append(torch.backends.cudnn.allow_tf32)
        return convolve(*tensors, **options)

    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    run = TorchBackend().compile(nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU()))
    monkeypatch.setattr(torch.nn.functional, "conv2d", look)
    run(torch.rand(1, 3, 8, 8))
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32


def others() -> list[Enhancer]:
    torch.manual_seed(0)
    networks: list[Enhancer] = [
        Srcnn(width=6, middle_kernel_px=5),
        JohnsonNetwork(width=6, blocks=2),
    ]
    for network in networks:
        unlike_at_the_start(network)
    return networks


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 37), (61, 47)], ids=str)
def test_tiles_of_any_engine_give_the_whole_photo(
    engine: BackendName, shape: tuple[int, int]
) -> None:
    backend, pixels = open_backend(engine), photo(*shape)
    networks = generator("batch"), generator("none", "random"), generator("none", leak=0.1)
    for network in (*networks, with_transport("batch")):
        expected = whole(network, pixels)
        assert np.abs(expected - pixels).mean() > 0.01
        got = PhotoEnhancer(network, backend, tile_px=40).enhance(pixels)
        # Sums in another order: float32 keeps 7 digits.
        np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)


def test_instance_norm_by_any_engine(engine: BackendName) -> None:
    network, pixels = generator("instance", "random", blocks=1), photo(33, 47)
    got = PhotoEnhancer(network, open_backend(engine), tile_px=40).enhance(pixels)
    np.testing.assert_allclose(got, whole(network, pixels), atol=1e-5, rtol=0)


def test_other_networks_by_any_engine(engine: BackendName) -> None:
    pixels = photo(31, 45)
    for network in others():
        got = PhotoEnhancer(network, open_backend(engine), tile_px=40).enhance(pixels)
        np.testing.assert_allclose(got, whole(network, pixels), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_bf16_is_close_and_leaves_the_photo_itself_alone(name: BackendName) -> None:
    if name == "openvino":
        need("openvino")
        if not openvino_engine.computes_bf16():
            pytest.skip("OpenVINO does not compute in bf16 on this CPU")
    network, pixels = with_transport("batch"), photo(61, 47)
    backend = open_backend(name, bf16=True)
    assert backend.name == f"{name}-cpu-bf16"
    got = PhotoEnhancer(network, backend, tile_px=40).enhance(pixels)
    assert 0 <= np.abs(got - whole(network, pixels)).mean() < 1 / 255
    nothing = with_transport("none")
    nn.init.zeros_(nothing.get_parameter("tail.weight"))
    got = PhotoEnhancer(nothing, backend, tile_px=40).enhance(pixels)
    # A bf16 sum would be off by up to 1/256 here.
    np.testing.assert_allclose(got, whole(nothing, pixels), atol=1e-5, rtol=0)


def test_where_openvino_has_no_bf16_it_is_refused_and_auto_is_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("onnx", "openvino")
    monkeypatch.setattr(openvino_engine, "computes_bf16", lambda: False)
    with pytest.raises(ValueError, match=r"backend openvino: expected a CPU .* bf16"):
        open_backend("openvino", bf16=True)
    assert open_backend("auto", bf16=True).name == "torch-cpu-bf16"
    assert open_backend("auto").name == "openvino-cpu-fp32"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_levels_come_back_in_their_type(dtype: type) -> None:
    largest = np.iinfo(dtype).max
    pixels: AnyPixels = (photo(20, 31) * largest).astype(dtype)
    enhancer, counts = PhotoEnhancer(generator("none")), list[int]()
    got = enhancer.enhance(pixels, advance=counts.append)
    exact = whole(generator("none"), (pixels / largest).astype(np.float32)) * largest
    assert got.dtype == dtype
    assert np.abs(got - exact).max() <= 0.51
    assert sum(counts) == 20 * 31
    np.testing.assert_array_equal(enhancer.enhance(pixels, strength=0), pixels)


def test_auto_is_an_engine_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_backend("auto").name in {"openvino-cpu-fp32", "torch-cpu-fp32"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert open_backend("auto", bf16=True).name == "torch-cpu-bf16"


@pytest.mark.parametrize(
    ("name", "module", "brings"),
    [
        ("onnx", "onnxruntime", r"'wespe\[onnx\]'"),
        ("openvino", "openvino", "openvino"),
        ("openvino", "onnx", r"'wespe\[train\]'"),
    ],
)
def test_an_engine_that_is_missing_is_named(
    name: BackendName, module: str, brings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"backend {name}: {module} is not .*{brings}"):
        open_backend(name)


def test_int8_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": True}, raising=False)
    assert not cpu_has_int8()
    with pytest.raises(ValueError, match=r"int8: expected a CPU with dot products of bytes \(AVX"):
        open_backend("auto", int8=True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True})
    assert cpu_has_int8()
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ValueError, match=r"backend openvino: openvino is not .* install openvino"):
        open_backend("auto", int8=True)


def test_what_an_engine_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True}, raising=False)
    with pytest.raises(ValueError, match="backend onnx: expected float32"):
        open_backend("onnx", bf16=True)
    for name in ("torch", "onnx"):
        with pytest.raises(ValueError, match=f"backend {name}: expected .*int8"):
            open_backend(name, int8=True)
    for int8 in (False, True):
        with pytest.raises(ValueError, match="backend openvino: expected to run on the CPU, got c"):
            open_backend("openvino", device="cuda", int8=int8)
    need("onnx")
    for layer in (nn.GroupNorm(1, 3), nn.InstanceNorm2d(3), nn.Softmax(1)):
        with pytest.raises(ValueError, match="expected layers that ONNX can express"):
            onnx_graph(nn.Sequential(layer))


def test_openvino_tells_no_one() -> None:
    need("openvino")
    open_backend("openvino")
    assert sys.modules["openvino_telemetry"] is None


STOPPED = """
import gc, signal
import torch
from torch import nn
from wespe.networks.inference.backends import open_backend

# A process may inherit that it is ignored, as in a shell's background, or held back.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

def run():
    backend = open_backend("openvino")
    backend.compile(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1)))(torch.zeros(1, 3, 16, 16))
    return backend

first = run()
second = run()
del first
gc.collect()
del second
gc.collect()
try:
    signal.raise_signal(signal.SIGINT)  # to this thread, and not to any
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.slow
def test_ctrl_c_ends_it_in_words_whatever_networks_have_gone() -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
