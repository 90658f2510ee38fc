"""What suits a network and the machine."""

import pytest
import torch

from tests.test_inference_backends import need
from tests.test_inference_tiled import generator
from wespe.networks.enhancer import Convolutions
from wespe.networks.generator import Generator
from wespe.networks.inference import opening, openvino_engine
from wespe.networks.inference.backends.quantised import quantisation_error
from wespe.networks.inference.opening import TOLERATED_ERROR, open_enhancer
from wespe.networks.srcnn import Srcnn


def subtle() -> Generator:
    """A network whose branches say little."""
    return generator("none")


def coarse() -> Generator:
    """The same, much louder."""
    network = generator("none")
    torch.nn.init.normal_(network.tail.weight, std=15)
    return network


@pytest.fixture
def _capable(monkeypatch: pytest.MonkeyPatch) -> None:
    need("onnx", "openvino")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True}, raising=False)


@pytest.mark.slow
@pytest.mark.usefixtures("_capable")
def test_int8_where_it_shows_less_than_8_bits_do() -> None:
    assert 0 < quantisation_error(Convolutions(subtle())) < TOLERATED_ERROR / 2
    assert quantisation_error(Convolutions(coarse())) > 2 * TOLERATED_ERROR
    # Where OpenVINO lacks bf16, torch would be asked for it.
    bf16 = openvino_engine.computes_bf16()
    plain = "bf16" if bf16 else "fp32"
    # The last one has no branches.
    for network, name in (
        (subtle(), f"int8-{plain}"),
        (coarse(), plain),
        (Srcnn(width=8), plain),
    ):
        opened = open_enhancer(network, bf16=bf16, int8=None)
        assert opened.backend.name == f"openvino-cpu-{name}"
    # As asked for, whatever it costs.
    assert open_enhancer(coarse(), int8=True).backend.name == "openvino-cpu-int8-fp32"
    assert open_enhancer(subtle()).backend.name == "openvino-cpu-fp32"


def test_int8_is_refused_where_nothing_would_be_in_it() -> None:
    with pytest.raises(ValueError, match="int8: expected a network with residual branches"):
        open_enhancer(Srcnn(width=8), int8=True)


@pytest.mark.usefixtures("_capable")
def test_int8_only_where_the_engine_and_the_machine_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert open_enhancer(subtle(), "torch", int8=None).backend.name == "torch-cpu-fp32"
    monkeypatch.setattr(opening, "cpu_has_int8", lambda: False)
    assert open_enhancer(subtle(), int8=None).backend.name == "openvino-cpu-fp32"


@pytest.mark.usefixtures("_capable")
def test_instance_norm_is_torchs_unless_asked_otherwise() -> None:
    network = generator("instance", "random")
    assert open_enhancer(network, int8=None).backend.name == "torch-cpu-fp32"
    assert open_enhancer(network, "openvino", int8=None).backend.name == "openvino-cpu-fp32"
    for engine in ("openvino", "auto"):
        with pytest.raises(ValueError, match="int8: expected a network without instance norm"):
            open_enhancer(network, engine, int8=True)
