"""Layers rewritten for inference: they do the same, in less time."""

import copy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from wespe.networks.layers import gathers, listed


def optimised(layers: nn.Module) -> nn.Module:
    """A copy whose batch norms are part of the convolutions before them, to be run as it is.

    Gives what `layers.eval()` gives, up to float32 rounding. A batch norm stays where it follows no
    convolution, or one that is read elsewhere too. Layers that torch.fx cannot list are copied.
    """
    copied = copy.deepcopy(layers).eval()
    try:
        traced = listed(copied)
    except ValueError:
        return copied
    _drop_identities(traced)
    calls = [node.target for node in traced.graph.nodes if node.op == "call_module"]
    for node in [*traced.graph.nodes]:
        norm, before = _module(traced, node), node.all_input_nodes[:1]
        convolution = _module(traced, before[0]) if before else None
        if (
            type(norm) is nn.BatchNorm2d
            and not gathers(norm)
            and type(convolution) is nn.Conv2d
            and len(before[0].users) == 1
            and calls.count(node.target) == calls.count(before[0].target) == 1
        ):
            traced.set_submodule(str(before[0].target), fuse_conv_bn_eval(convolution, norm))
            _bypass(traced, node)
    traced.recompile()
    traced.delete_all_unused_submodules()
    return traced


def _drop_identities(traced: fx.GraphModule) -> None:
    """Without what does nothing in use, and would stand between layers that belong together."""
    for node in [*traced.graph.nodes]:
        if isinstance(_module(traced, node), nn.Identity | nn.Dropout | nn.Dropout2d):
            _bypass(traced, node)


def _module(traced: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return traced.get_submodule(str(node.target)) if node.op == "call_module" else None


def _bypass(traced: fx.GraphModule, node: fx.Node) -> None:
    node.replace_all_uses_with(node.all_input_nodes[0])
    traced.graph.erase_node(node)


@torch.no_grad()
def split_narrow(layers: nn.Module) -> nn.Module:
    """A copy in which convolutions to few channels are two, along columns and along rows.

    Engines compute 16 output channels at a time, so that a 9×9 convolution to 3 costs five times
    what it has to. As 9×1 to 27 channels, one for each column of the kernel, and 1×9 that sums
    them where they belong, it took 0.3 of the time (torch, bf16).
    """
    split = copy.deepcopy(layers)
    try:
        nodes = listed(layers).graph.nodes
    except ValueError:
        return split
    # What is called as a whole, and not for its weights.
    read = {str(node.target).rpartition(".")[0] for node in nodes if node.op == "get_attr"}
    for name in {str(node.target) for node in nodes if node.op == "call_module"} - read:
        module = split.get_submodule(name)
        if type(module) is nn.Conv2d and _is_narrow(module):
            split.set_submodule(name, _split(module))
    return split


def _is_narrow(convolution: nn.Conv2d) -> bool:
    """Whether splitting pays; only the plain kind, which keeps the size, is split."""
    height, width = convolution.kernel_size
    same = ((height // 2, width // 2), "same")
    return (
        convolution.out_channels < 8
        and width > 1
        and height % 2 == width % 2 == 1
        and convolution.padding in same
        and convolution.padding_mode == "zeros"
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
    )


def _split(convolution: nn.Conv2d) -> nn.Sequential:
    count, (height, width) = convolution.out_channels, convolution.kernel_size
    weight = convolution.weight
    columns = nn.Conv2d(
        convolution.in_channels,
        count * width,
        (height, 1),
        padding=(height // 2, 0),
        bias=False,
        device=weight.device,
    )
    sums = nn.Conv2d(
        count * width,
        count,
        (1, width),
        padding=(0, width // 2),
        bias=convolution.bias is not None,
        device=weight.device,
    )
    # (out, in, height, width): the columns of the kernel become outputs of their own.
    columns.weight.copy_(weight.permute(0, 3, 1, 2).reshape(count * width, -1, height, 1))
    nn.init.zeros_(sums.weight)
    for output in range(count):
        for column in range(width):
            sums.weight[output, output * width + column, 0, column] = 1
    if convolution.bias is not None:
        assert sums.bias is not None
        sums.bias.copy_(convolution.bias)
    return nn.Sequential(columns, sums)
