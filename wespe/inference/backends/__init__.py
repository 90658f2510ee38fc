"""What computes a network's convolutions: torch, OpenVINO or ONNX Runtime, behind one interface."""

from wespe.inference.backends.base import BACKENDS, Backend, BackendName, Layers, open_backend
from wespe.inference.backends.eager import TorchBackend

__all__ = ["BACKENDS", "Backend", "BackendName", "Layers", "TorchBackend", "open_backend"]
