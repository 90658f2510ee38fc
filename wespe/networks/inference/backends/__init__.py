"""What computes a network's convolutions: torch, OpenVINO or ONNX Runtime, behind one interface."""

from wespe.networks.inference.backends.base import (
    BACKENDS,
    Backend,
    BackendName,
    Layers,
    cpu_has_int8,
    open_backend,
)
from wespe.networks.inference.backends.eager import TorchBackend

__all__ = [
    "BACKENDS",
    "Backend",
    "BackendName",
    "Layers",
    "TorchBackend",
    "cpu_has_int8",
    "open_backend",
]
