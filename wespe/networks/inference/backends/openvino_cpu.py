"""OpenVINO on the CPU, in float32 or bf16, residual branches in int8 if asked."""

import functools

import torch
from torch import Tensor, nn

from wespe.networks.inference import openvino_engine
from wespe.networks.inference.backends.onnx_graph import onnx_graph
from wespe.networks.inference.backends.quantised import quantised_graph


class CpuBackend:
    """Runs layers by OpenVINO, on as many threads as torch would."""

    def __init__(self, *, bf16: bool = False, int8: bool = False) -> None:
        self.name = f"openvino-cpu-{'int8-' * int8}{'bf16' if bf16 else 'fp32'}"
        self.device, self.tile_px = torch.device("cpu"), openvino_engine.tile_px(bf16=bf16)
        self._graph = quantised_graph if int8 else onnx_graph
        self._bf16 = bf16
        self._core = openvino_engine.core()
        import onnx  # noqa: F401  (in which graphs are written)

        if bf16:
            openvino_engine.require_bf16()

    def compile(self, layers: nn.Module) -> "Compiled":
        graph = self._graph(layers)
        read = functools.partial(self._core.read_model, graph, b"")
        threads = torch.get_num_threads()
        return Compiled(
            openvino_engine.Compiled(self._core, read, bf16=self._bf16, threads=threads)
        )


class Compiled:
    """A graph of OpenVINO for tensors."""

    def __init__(self, run: openvino_engine.Compiled) -> None:
        self._run = run

    def __call__(self, image: Tensor) -> Tensor:
        return torch.from_numpy(self._run(image.contiguous().numpy()))
