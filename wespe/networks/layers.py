"""A network's layers, as torch.fx lists them, and what they look at in a photo."""

import operator
from enum import Enum
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn


class Context(Enum):
    """What an output pixel depends on, beyond the pixels within the receptive field."""

    NOTHING = "nothing"
    """So that tiles with a halo give what the whole photo gives."""
    STATISTICS = "statistics"
    """Means and variances of the whole photo, those of its norms, which are gathered over tiles."""
    WHOLE = "whole"
    """Whatever else a photo has, so that it cannot be cut into tiles."""


def listed(layers: nn.Module) -> fx.GraphModule:
    """`layers`, a module of one tensor, as the operations that it runs, in their order.

    Raises ValueError for code that cannot be listed, as what decides by a tensor's size.
    """
    try:
        return fx.symbolic_trace(layers)
    except Exception as error:  # any code meets stand-ins for tensors here, and fails in its way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"expected layers that torch.fx can list: {reason}") from error


def gathers(module: object) -> bool:
    """Whether it is a norm whose statistics, also in use, are those of the photo itself."""
    return isinstance(module, nn.InstanceNorm2d | nn.BatchNorm2d) and module.running_mean is None


def context_of(layers: nn.Module) -> Context:
    """What `layers` depend on, as their operations tell; what is not known counts as WHOLE."""
    if obstacles(layers):
        return Context.WHOLE
    statistics = any(map(gathers, listed(layers).modules()))
    return Context.STATISTICS if statistics else Context.NOTHING


def obstacles(layers: nn.Module) -> list[str]:
    """What of `layers` may look at all of a photo, or is not known here; names for people."""
    try:
        traced = listed(layers)
    except ValueError:
        return ["code that torch.fx cannot list"]
    found = dict[str, None]()
    for node in traced.graph.nodes:
        name = _obstacle(node, traced)
        if name:
            found[name] = None
    return [*found]


_LAYERS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.Softplus, nn.Identity, nn.Dropout, nn.Dropout2d),
    *(nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d, nn.AvgPool2d, nn.PixelShuffle),
    *(nn.PixelUnshuffle, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ZeroPad2d),
    *(nn.BatchNorm2d, nn.InstanceNorm2d),
)
_FUNCTIONS = {
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.neg),
    *(torch.add, torch.sub, torch.mul, torch.div, torch.abs, torch.clamp, torch.relu),
    *(torch.sigmoid, torch.tanh, torch.pixel_shuffle, torch.pixel_unshuffle),
    *(F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, F.tanh, F.softplus),
    *(F.pixel_shuffle, F.pixel_unshuffle, F.max_pool2d, F.avg_pool2d, F.dropout),
}
_METHODS = {"relu", "sigmoid", "tanh", "clamp", "abs", "add", "sub", "mul", "div", "float"}
_METHODS |= {"contiguous"}
_LOCAL_MODES = {"nearest", "nearest-exact", "bilinear", "bicubic"}


def _obstacle(node: fx.Node, traced: fx.GraphModule) -> str:
    """The name of a node that may see more than a few pixels; empty for one that does not."""
    target: Any = node.target
    if node.op == "call_module":
        module = traced.get_submodule(target)
        return "" if _is_local(module) else type(module).__name__
    if node.op == "call_function":
        name = getattr(target, "__name__", str(target))
        return "" if target in _FUNCTIONS or _is_local_call(node) else name
    if node.op == "call_method":
        return "" if target in _METHODS else target
    if node.op == "get_attr":
        shape = operator.attrgetter(target)(traced).shape
        # One value for all pixels, or a value a channel; a map would be one of the whole photo.
        return "" if shape.numel() == 1 or shape[-2:] == (1, 1) else target
    return ""


def _is_local(module: nn.Module) -> bool:
    if isinstance(module, nn.Upsample):
        return module.scale_factor is not None and _enlarges(module.mode, module.align_corners)
    if isinstance(module, nn.SyncBatchNorm):
        return module.running_mean is not None
    circular = getattr(module, "padding_mode", "") == "circular"
    return isinstance(module, _LAYERS) and not circular


def _is_local_call(node: fx.Node) -> bool:
    """Of functions that are local with some arguments alone."""
    if node.target is F.interpolate:
        mode, corners = argument(node, 3, "mode", "nearest"), argument(node, 4, "align_corners")
        by_factor = argument(node, 2, "scale_factor") is not None
        return by_factor and _enlarges(mode, corners) and not argument(node, 6, "antialias")
    if node.target in (torch.cat, torch.concat):
        return bool(argument(node, 1, "dim", 0) == 1)
    if node.target is torch.chunk:
        return bool(argument(node, 2, "dim", 0) == 1)
    if node.target is operator.getitem:  # one of what `chunk` gives
        return isinstance(node.args[1], int) and node.all_input_nodes[0].target is torch.chunk
    return node.target is F.pad and argument(node, 2, "mode", "constant") != "circular"


def _enlarges(mode: str, align_corners: bool | None) -> bool:
    """Whether enlarging is the same all over a photo; aligned corners stretch it to its size."""
    return mode in _LOCAL_MODES and not align_corners


def argument(node: fx.Node, position: int, name: str, default: Any = None) -> Any:
    """An argument of a call, given by its place or its name."""
    return node.args[position] if position < len(node.args) else node.kwargs.get(name, default)
