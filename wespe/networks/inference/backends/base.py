"""The interface of all backends, and the choice of one."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from wespe.networks.inference.backends.eager import TorchBackend
from wespe.networks.inference.openvino_engine import NoBf16Error

BackendName = Literal["auto", "torch", "openvino", "onnx"]
BACKENDS: tuple[BackendName, ...] = ("auto", "torch", "openvino", "onnx")
"""What a user can ask for."""

Layers = Callable[[Tensor], Tensor]
"""`(1, C, h, w)` → `(1, C', h, w)`, on the backend's device.

float32 or what such a function gave, which is float32 or the precision it computes in.
"""


class Backend(Protocol):
    """Runs layers: convolutions, ReLU and sums, their norms folded."""

    name: str
    """The engine, device and precision, as `openvino-cpu-bf16`, or `-int8-bf16` for both."""
    device: torch.device
    """Where tensors are handed over."""
    tile_px: int
    """What it is fastest with, within 1.5 GB for a photo of 12 megapixels and all else."""

    def compile(self, layers: nn.Module) -> Layers:
        """`layers`, which stay as they are, as a function."""
        ...


def open_backend(
    name: BackendName,
    *,
    device: torch.device | str = "cpu",
    bf16: bool = False,
    int8: bool = False,
) -> Backend:
    """The backend of this name on a device, its convolutions in bf16 or fp32.

    `int8` puts those of residual branches in int8, which only OpenVINO can. `auto` is torch on a
    GPU; on a CPU it is OpenVINO if that is installed and computes in this precision, since it is
    faster, else torch. Raises ValueError for a backend that is not installed or cannot do what is
    asked, and for int8 on a CPU that would compute it differently or no faster.
    """
    device = torch.device(device)
    if name == "auto" and not int8:
        try:
            return open_backend(_fastest(device), device=device, bf16=bf16)
        except NoBf16Error:  # It does on fewer CPUs than torch.
            return TorchBackend(device, bf16=bf16)
    if name == "auto":  # Where int8 is asked for by name, what is missing for it is an error.
        name = "openvino"
    if name == "torch":
        if int8:
            raise ValueError("backend torch: expected bf16 or fp32, since it has no int8 here")
        return TorchBackend(device, bf16=bf16)
    if device.type != "cpu":
        raise ValueError(f"backend {name}: expected to run on the CPU, got {device.type}")
    if int8 and not cpu_has_int8():
        raise ValueError(
            "int8: expected a CPU with dot products of bytes (AVX512-VNNI, AVX-VNNI or AMX), "
            "got one without, on which int8 is less exact and no faster"
        )
    module = importlib.import_module(f"wespe.networks.inference.backends.{name}_cpu")
    try:
        backend: Backend = module.CpuBackend(bf16=bf16, int8=int8)
    except ImportError as error:
        raise ValueError(f"backend {name}: {missing(error)}") from error
    return backend


def missing(error: ImportError) -> str:
    """What an engine lacks, and what brings it."""
    package = (error.name or "").partition(".")[0]
    brings = {"onnxruntime": "'wespe[onnx]'", "openvino": "openvino"}
    bringing = brings.get(package, "'wespe[train]'")
    return f"{package} is not installed: pip install {bringing}"


def _fastest(device: torch.device) -> BackendName:
    packages = ("openvino", "onnx")
    there = device.type == "cpu" and all(importlib.util.find_spec(name) for name in packages)
    return "openvino" if there else "torch"


def cpu_has_int8() -> bool:
    """Whether the CPU has dot products of bytes (VNNI), so that int8 is faster than bf16.

    Without them products of two bytes are added in 16 bits, where they may not fit. Older torch
    releases do not report this; they count as without.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict[str, bool])()
    return any(capabilities.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
