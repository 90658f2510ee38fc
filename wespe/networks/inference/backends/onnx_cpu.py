"""ONNX Runtime on the CPU, in float32."""

import torch
from torch import Tensor, nn

from wespe.networks.inference.backends.onnx_graph import onnx_graph


class CpuBackend:
    """Runs layers by ONNX Runtime, on as many threads as torch would."""

    def __init__(self, *, bf16: bool = False, int8: bool = False) -> None:
        if bf16 or int8:
            raise ValueError(
                "backend onnx: expected float32, since it has no bf16 on CPUs and a slow int8"
            )
        import onnxruntime  # noqa: F401

        self.name = "onnx-cpu-fp32"
        self.tile_px = 512
        self.device = torch.device("cpu")

    def compile(self, layers: nn.Module) -> "Session":
        return Session(onnx_graph(layers))


class Session:
    """One graph, loaded."""

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        # An arena keeps the most that any tile took, for good.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, image: Tensor) -> Tensor:
        (output,) = self._session.run(["output"], {"image": image.contiguous().numpy()})
        return torch.from_numpy(output)
