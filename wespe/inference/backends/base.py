"""The interface of all backends, and the choice of one."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from wespe.inference.backends.eager import TorchBackend

BackendName = Literal["auto", "torch", "openvino", "onnx"]
BACKENDS: tuple[BackendName, ...] = ("auto", "torch", "openvino", "onnx")
"""What a user can ask for."""

Layers = Callable[[Tensor], Tensor]
"""`(1, C, h, w)` float32 → `(1, C', h, w)` float32, on the backend's device."""


class Backend(Protocol):
    """Runs layers: convolutions, ReLU and sums, their norms folded."""

    name: str
    """The engine, device and precision, as `openvino-cpu-bf16`."""
    device: torch.device
    """Where tensors are handed over."""
    tile_px: int
    """What it is fastest with, within 1.5 GB for a photo of 12 megapixels and all else."""

    def compile(self, layers: nn.Module) -> Layers:
        """`layers`, which stay as they are, as a function."""
        ...


def open_backend(
    name: BackendName, *, device: torch.device | str = "cpu", bf16: bool = False
) -> Backend:
    """The backend of this name on a device, its convolutions in bf16 or fp32.

    `auto` is torch on a GPU, and on a CPU OpenVINO where it is installed, since it is faster, else
    torch. Raises ValueError for one that is not installed or cannot do what is asked.
    """
    device = torch.device(device)
    if name == "auto":
        engine = (
            device.type == "cpu"
            and importlib.util.find_spec("openvino")
            and importlib.util.find_spec("onnx")
        )
        name = "openvino" if engine else "torch"
    if name == "torch":
        return TorchBackend(device, bf16=bf16)
    if device.type != "cpu":
        raise ValueError(f"backend {name}: expected to run on the CPU, got {device.type}")
    module = importlib.import_module(f"wespe.inference.backends.{name}_cpu")
    try:
        backend: Backend = module.CpuBackend(bf16=bf16)
    except ImportError as error:
        raise ValueError(
            f"backend {name}: {error.name} is not installed; it comes with the extra '{name}'"
        ) from error
    return backend
