"""Layers as an ONNX graph of any height and width, without torch's exporter.

That one follows any code, but takes seconds and a gigabyte. Here the usual layers of networks that
enhance have their place, which `torch.fx` lists at once; others are refused.
"""

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

from wespe.networks.layers import argument, listed

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

_OPSET = 17
_OF_ONE = {
    torch.relu: "Relu",
    F.relu: "Relu",
    torch.tanh: "Tanh",
    torch.sigmoid: "Sigmoid",
}
_OF_TWO = {
    operator.add: "Add",
    operator.sub: "Sub",
    operator.mul: "Mul",
    torch.add: "Add",
    torch.mul: "Mul",
}
_MODULES = {
    nn.ReLU: "Relu",
    nn.Identity: "Identity",
    nn.Tanh: "Tanh",
    nn.Sigmoid: "Sigmoid",
}


def onnx_graph(layers: nn.Module) -> bytes:
    """An ONNX model, input `image` and `output`, `(1, C, h, w)` float32.

    Raises LayerError for a layer that has no place in a network here.
    """
    graph = Graph()
    output = graph.layers(layers, "image")
    return graph.model(output)


class LayerError(ValueError):
    """A layer that an engine's graph has no place for."""


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
        try:
            traced = listed(module)
        except ValueError as error:
            raise LayerError(str(error)) from error
        values: dict[fx.Node, str] = {}
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                values[node] = source
            elif node.op == "output":
                return values[node.args[0]]
            elif node.op == "get_attr":
                values[node] = self.constant(operator.attrgetter(str(node.target))(traced))
            elif node.op == "call_module":
                layer = traced.get_submodule(str(node.target))
                values[node] = self._module(layer, values[node.args[0]])
            else:
                values[node] = self._operation(node, values)
        raise AssertionError("a listed module has an output")

    def convolution(self, module: nn.Conv2d, source: str, weight: str) -> str:
        """Add a convolution whose weights are the value `weight`."""
        if module.padding_mode != "zeros":
            raise LayerError(f"expected a convolution that pads with zeros, got {module}")
        bias = [] if module.bias is None else [self.constant(module.bias)]
        return self.node(
            "Conv",
            source,
            weight,
            *bias,
            pads=_pads(module),
            strides=[*module.stride],
            dilations=[*module.dilation],
            group=module.groups,
        )

    def model(self, output: str) -> bytes:
        """The whole graph, from the value `image` to `output`."""
        from onnx import TensorProto, helper

        last = helper.make_node("Identity", [output], ["output"])
        ends = [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [1, *(f"{name}_{part}" for part in ("c", "h", "w"))]
            )
            for name in ("image", "output")
        ]
        graph = helper.make_graph(
            [*self._nodes, last], "wespe", ends[:1], ends[1:], self._constants
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = 8  # What this opset came with: older engines read it too.
        content: bytes = model.SerializeToString()
        return content

    def _module(self, module: nn.Module, source: str) -> str:
        if type(module) in _MODULES:
            return self.node(_MODULES[type(module)], source)
        if type(module) not in _LAYERS:
            raise LayerError(f"expected layers that ONNX can express here, got {module}")
        return _LAYERS[type(module)](self, module, source)

    def _operation(self, node: fx.Node, values: Mapping[fx.Node, str]) -> str:
        source = values[node.all_input_nodes[0]]
        if node.target in _OF_ONE:
            return self.node(_OF_ONE[node.target], source)
        if node.target in _OF_TWO and not node.kwargs:
            parts = (
                values[part] if isinstance(part, fx.Node) else self.constant(part)
                for part in node.args
            )
            return self.node(_OF_TWO[node.target], *parts)
        if node.target in (torch.cat, torch.concat) and argument(node, 1, "dim", 0) == 1:
            parts = (values[part] for part in argument(node, 0, "tensors"))
            return self.node("Concat", *parts, axis=1)
        if node.target is F.leaky_relu:
            return self.node("LeakyRelu", source, alpha=argument(node, 1, "negative_slope", 0.01))
        if node.target in (F.pixel_shuffle, torch.pixel_shuffle):
            return self.shuffled(source, argument(node, 1, "upscale_factor"))
        raise LayerError(f"expected operations that ONNX can express, got {node.target}")

    def shuffled(self, source: str, factor: int) -> str:
        """Add a pixel shuffle."""
        return self.node("DepthToSpace", source, blocksize=factor, mode="CRD")


def _pads(module: nn.Conv2d) -> list[int]:
    """Rows and columns in front, then behind."""
    if isinstance(module.padding, str):
        reach = zip(module.kernel_size, module.dilation, strict=True)
        both = [(size - 1) * gap * (module.padding == "same") for size, gap in reach]
        return [*(side // 2 for side in both), *(side - side // 2 for side in both)]
    return [*module.padding, *module.padding]


def _upsampled(graph: Graph, module: Any, source: str) -> str:
    if module.mode != "nearest" or module.scale_factor is None:
        raise LayerError(f"expected nearest pixels by a factor, got {module}")
    factor = module.scale_factor
    rows, columns = factor if isinstance(factor, tuple) else (factor, factor)
    scales = graph.constant(np.array([1, 1, rows, columns], np.float32))
    way = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return graph.node("Resize", source, "", scales, mode="nearest", **way)


def _repeated(graph: Graph, module: Any, source: str) -> str:
    """The pixels at the border beyond it."""
    left, right, top, bottom = module.padding
    pads = graph.constant(np.array([0, 0, top, left, 0, 0, bottom, right]))
    return graph.node("Pad", source, pads, mode="edge")


def _normalised(graph: Graph, module: Any, source: str) -> str:
    """A batch norm that follows no convolution."""
    if module.running_mean is None:
        raise LayerError(f"expected a norm with statistics of its own, got {module}")
    like = module.running_mean
    weight = torch.ones_like(like) if module.weight is None else module.weight
    bias = torch.zeros_like(like) if module.bias is None else module.bias
    values = map(graph.constant, (weight, bias, like, module.running_var))
    return graph.node("BatchNormalization", source, *values, epsilon=module.eps)


_LAYERS: dict[type, Callable[[Graph, Any, str], str]] = {
    nn.Conv2d: lambda graph, module, source: graph.convolution(
        module, source, graph.constant(module.weight)
    ),
    nn.BatchNorm2d: _normalised,
    nn.LeakyReLU: lambda graph, module, source: graph.node(
        "LeakyRelu", source, alpha=module.negative_slope
    ),
    nn.PReLU: lambda graph, module, source: graph.node(
        "PRelu", source, graph.constant(module.weight.view(-1, 1, 1))
    ),
    nn.PixelShuffle: lambda graph, module, source: graph.shuffled(source, module.upscale_factor),
    nn.Upsample: _upsampled,
    nn.ReplicationPad2d: _repeated,
}
