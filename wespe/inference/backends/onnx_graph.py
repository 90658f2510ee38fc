"""Layers as an ONNX graph of any height and width, without torch's exporter.

That one follows any code, but takes many seconds and a gigabyte. Layers for a backend are nothing
but convolutions, ReLU and sums, which `torch.fx` lists at once.
"""

import operator
from typing import TYPE_CHECKING

import torch
from torch import fx, nn

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

_OPSET = 17


def onnx_graph(layers: nn.Module) -> bytes:
    """An ONNX model, input `image` and output `output`, `(1, C, h, w)` float32.

    Raises ValueError for a layer that is no convolution, ReLU, sum or identity.
    """
    from onnx import TensorProto, helper

    traced = fx.symbolic_trace(layers)
    modules = dict(traced.named_modules())
    nodes: list[NodeProto] = []
    weights: list[TensorProto] = []
    channels = [0, 0]
    for node in traced.graph.nodes:
        inputs = [argument.name for argument in node.all_input_nodes]
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if node.op == "placeholder":
            nodes.append(helper.make_node("Identity", ["image"], [node.name]))
        elif node.op == "output":
            nodes.append(helper.make_node("Identity", inputs, ["output"]))
        elif isinstance(module, nn.Conv2d):
            nodes.append(_convolution(node.name, inputs, module, weights))
            channels = [channels[0] or module.in_channels, module.out_channels]
        elif node.op == "call_function" and node.target is operator.add:
            left, right = (argument.name for argument in node.args)
            nodes.append(helper.make_node("Add", [left, right], [node.name]))
        else:
            nodes.append(helper.make_node(_name(node.target, module), inputs, [node.name]))
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, "height", "width"])
        for name, count in zip(("image", "output"), channels, strict=True)
    ]
    graph = helper.make_graph(nodes, "layers", sides[:1], sides[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = 8  # What this opset came with: older engines read it too.
    return model.SerializeToString()


def _convolution(
    name: str, inputs: list[str], module: nn.Conv2d, weights: "list[TensorProto]"
) -> "NodeProto":
    from onnx import helper, numpy_helper

    parameters = {"weight": module.weight, "bias": module.bias}
    for key, value in parameters.items():
        assert value is not None
        array = value.detach().float().contiguous().cpu().numpy()
        weights.append(numpy_helper.from_array(array, f"{name}.{key}"))
    pads = [(size - 1) // 2 for size in module.kernel_size]
    return helper.make_node(
        "Conv", [*inputs, *(f"{name}.{key}" for key in parameters)], [name], pads=[*pads, *pads]
    )


def _name(target: object, module: nn.Module | None) -> str:
    if target is torch.relu or isinstance(module, nn.ReLU):
        return "Relu"
    if isinstance(module, nn.Identity):
        return "Identity"
    raise ValueError(f"expected convolutions, ReLU and sums alone, got {module or target}")
