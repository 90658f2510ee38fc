"""Choosing the engine and precision that suit a network and the machine."""

import math

import torch
from torch import nn

from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.inference.backends import Backend, BackendName, cpu_has_int8, open_backend
from wespe.networks.inference.backends.onnx_graph import LayerError
from wespe.networks.inference.backends.quantised import (
    CALIBRATION_PX,
    quantisation_error,
    residual_convolutions,
)
from wespe.networks.inference.fold import optimised
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.layers import Context

TOLERATED_ERROR = 1 / 255 / math.sqrt(12)
"""What int8 may change if nobody asked for it: as much as rounding to 8 bits, root mean square."""


def open_enhancer(
    network: Enhancer,
    engine: BackendName = "auto",
    *,
    device: torch.device | str = "cpu",
    bf16: bool = False,
    int8: bool | None = False,
) -> PhotoEnhancer:
    """`network` on a backend; see `open_backend`, also for what is raised.

    With `int8=None`, residual branches run in int8 where that is faster and, on calibration noise,
    changes less than rounding the result to 8 bits does. `auto` is torch for layers that the other
    engines lack, and for instance norm, since these engines exchange all channels in fp32, layer by
    layer. Int8 raises ValueError for networks without residual branches and for instance norm: the
    norm adapts the network to each photo, and after a smooth photo the calibration noise is far
    from what the network sees, which cost 18 dB.
    """
    if int8:
        _require_branches(network)
    if engine == "auto" and not int8 and network.context is not Context.NOTHING:
        engine = "torch"
    backend = open_backend(engine, device=device, bf16=bf16, int8=bool(int8))
    if int8 is None and _tolerates_int8(network, backend):
        backend = open_backend("openvino", bf16=bf16, int8=True)
    try:
        return PhotoEnhancer(network, backend)
    except LayerError:
        if engine != "auto" or int8:
            raise
        return PhotoEnhancer(network, open_backend("torch", device=device, bf16=bf16))


def _require_branches(network: Enhancer) -> None:
    if network.context is not Context.NOTHING:
        raise ValueError(
            f"int8: expected a network without instance norm or other layers that see the whole "
            f"photo, since these adapt it to each photo, got {type(network).__name__}; use bf16 or "
            "fp32"
        )
    if not _branches(network):
        raise ValueError(
            "int8: expected a network with residual branches, since only these run in int8; use "
            "bf16 or fp32"
        )


def _tolerates_int8(network: Enhancer, backend: Backend) -> bool:
    if not (cpu_has_int8() and backend.name.startswith("openvino-")):
        return False
    if network.context is not Context.NOTHING or not _branches(network):
        return False
    return quantisation_error(optimised(Convolutions(network))) <= TOLERATED_ERROR


def _branches(network: Enhancer) -> list[nn.Conv2d]:
    """The convolutions of residual branches that noise of 64 px can calibrate."""
    try:
        fits = CALIBRATION_PX % network.size_multiple == 0
        return residual_convolutions(optimised(Convolutions(network))) if fits else []
    except ValueError:
        return []
