"""OpenVINO on the CPU, in float32 or bf16, residual branches in int8 if asked."""

import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wespe.networks.inference.backends.onnx_graph import onnx_graph
from wespe.networks.inference.backends.quantised import quantised_graph

_SHAPES = 4
"""Shapes that stay compiled: photos of one camera, upright and not, need two."""
_PRECISION = "INFERENCE_PRECISION_HINT"


def engine() -> Any:
    """OpenVINO, if it is installed. Raises ImportError."""
    # It reports every import to its makers, unless this package of its own is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def computes_bf16(core: Any) -> bool:
    """Whether OpenVINO computes in bf16 when asked to.

    On other CPUs it fails, or takes fp32 without a word. What it lists as its capabilities does not
    tell, so a small convolution is compiled.
    """
    model = core.read_model(onnx_graph(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1))), b"")
    model.reshape([1, 3, 16, 16])
    try:
        compiled = core.compile_model(model, "CPU", {_PRECISION: "bf16"})
    except RuntimeError:
        return False
    return bool(compiled.get_property(_PRECISION) == engine().Type.bf16)


class CpuBackend:
    """Runs layers by OpenVINO, on as many threads as torch would."""

    def __init__(self, *, bf16: bool = False, int8: bool = False) -> None:
        self.name = f"openvino-cpu-{'int8-' * int8}{'bf16' if bf16 else 'fp32'}"
        self.device = torch.device("cpu")
        # Halos are 7 % of the work of 12 megapixels instead of 15; larger ones, and these in
        # float32, would take too much memory.
        self.tile_px = 896 if bf16 else 512
        self._graph = quantised_graph if int8 else onnx_graph
        self._core = engine().Core()
        if bf16 and not computes_bf16(self._core):
            raise ValueError(
                "backend openvino: expected a CPU on which it computes in bf16, got another; use "
                "fp32 or the backend torch"
            )
        self._options = {
            _PRECISION: "bf16" if bf16 else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            # A thread bound to a core that another program keeps busy holds up all others.
            "ENABLE_CPU_PINNING": False,
        }

    def compile(self, layers: nn.Module) -> "Compiled":
        return Compiled(self._core, self._graph(layers), self._options)


class Compiled:
    """One graph, compiled anew for each shape of tile: that is faster than for any shape."""

    def __init__(self, core: Any, graph: bytes, options: Mapping[str, object]) -> None:
        self._core, self._graph, self._options = core, graph, options
        self._by_shape: dict[tuple[int, ...], Any] = {}

    def __call__(self, image: Tensor) -> Tensor:
        request = self._for(tuple(image.shape))
        request.infer([image.contiguous().numpy()], share_inputs=True)
        # A copy: the next tile is written to the same place.
        return torch.from_numpy(request.get_output_tensor().data.copy())

    def _for(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._by_shape:
            if len(self._by_shape) == _SHAPES:
                del self._by_shape[next(iter(self._by_shape))]
            model = self._core.read_model(self._graph, b"")
            model.reshape([*shape])
            compiled = self._core.compile_model(model, "CPU", self._options)
            self._by_shape[shape] = compiled.create_infer_request()
        return self._by_shape[shape]
