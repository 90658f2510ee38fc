"""Layers as an ONNX graph of any height and width, without torch's exporter.

That one follows any code, but takes many seconds and a gigabyte. The layers of a network are
convolutions, ReLU and sums, with a few pixel by pixel at the end, which `torch.fx` lists at once.
"""

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import fx, nn

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

_OPSET = 17
_FUNCTIONS = {
    operator.add: "Add",
    operator.mul: "Mul",
    torch.relu: "Relu",
    torch.tanh: "Tanh",
}
# All is float32 here, and only what is clamped to [0, 1] is clamped.
_METHODS = {"float": "Identity", "clamp": "Clip"}
_MODULES = {nn.ReLU: "Relu", nn.Identity: "Identity"}


def onnx_graph(layers: nn.Module) -> bytes:
    """An ONNX model, input `image` and `output`, `(1, C, h, w)` float32.

    Raises ValueError for a layer that has no place in a network here.
    """
    graph = Graph()
    output = graph.layers(layers, "image")
    return graph.model(output, channels_read(layers))


def channels_read(layers: nn.Module) -> int:
    """How many the first convolution reads."""
    convolutions = (module for module in layers.modules() if isinstance(module, nn.Conv2d))
    return next(convolutions).in_channels


class Graph:
    """An ONNX graph in the making; a value is the name of what gives it."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation; returns its output."""
        from onnx import helper

        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, [*inputs], [output], **attributes))
        return output

    def constant(self, value: Any) -> str:
        """A tensor, array or number as a value, of its own type; numbers become float32."""
        from onnx import numpy_helper

        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous().numpy()
        elif not isinstance(value, np.ndarray):
            value = np.float32(value)
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def layers(self, module: nn.Module, source: str) -> str:
        """Add what a module of one input does to the value `source`."""
        traced = fx.symbolic_trace(module)
        modules = dict(traced.named_modules())
        values: dict[Any, str] = {}
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                values[node] = source
            elif node.op == "output":
                return values[node.args[0]]
            elif node.op == "call_module":
                values[node] = self._module(modules[str(node.target)], values[node.args[0]])
            else:
                values[node] = self._operation(node, values)
        raise AssertionError("a traced module has an output")

    def convolution(self, module: nn.Conv2d, source: str, weight: str) -> str:
        """Add a convolution whose weights are the value `weight`."""
        pads = [(size - 1) // 2 for size in module.kernel_size]
        bias = [] if module.bias is None else [self.constant(module.bias)]
        return self.node("Conv", source, weight, *bias, pads=[*pads, *pads])

    def model(self, output: str, channels: int = 3, note: str = "") -> bytes:
        """The whole graph, from the value `image` to `output`."""
        from onnx import TensorProto, helper

        last = helper.make_node("Identity", [output], ["output"])
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, "height", "width"])
            for name, count in (("image", channels), ("output", None))
        ]
        graph = helper.make_graph(
            [*self._nodes, last], "wespe", ends[:1], ends[1:], self._constants, note
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = 8  # What this opset came with: older engines read it too.
        content: bytes = model.SerializeToString()
        return content

    def _module(self, module: nn.Module, source: str) -> str:
        if isinstance(module, nn.Conv2d):
            return self.convolution(module, source, self.constant(module.weight))
        if isinstance(module, nn.InstanceNorm2d):
            parameters = (self.constant(value) for value in (module.weight, module.bias))
            return self.node("InstanceNormalization", source, *parameters, epsilon=module.eps)
        if type(module) not in _MODULES:
            raise ValueError(f"expected layers that ONNX has a place for, got {module}")
        return self.node(_MODULES[type(module)], source)

    def _operation(self, node: fx.Node, values: dict[Any, str]) -> str:
        table: dict[Any, str] = _METHODS if node.op == "call_method" else _FUNCTIONS
        if node.target not in table:
            raise ValueError(f"expected operations that ONNX has a place for, got {node.target}")
        inputs = (
            values[argument] if isinstance(argument, fx.Node) else self.constant(argument)
            for argument in node.args
        )
        return self.node(table[node.target], *inputs)
