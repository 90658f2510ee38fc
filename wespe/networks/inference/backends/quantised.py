"""Layers whose residual branches compute in int8, as an ONNX graph that states this.

Weights have a step for each output channel, activations one for all that a convolution reads, as
in Jacob et al. (CVPR 2018). Its range is what was seen on noise like a photo, so that what a photo
becomes depends on nothing but the photo and the network. What branches are added to stays as it
was, and so do the layers before and after them: there 8 bits cost most.
"""

import copy
import operator
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from wespe.networks.inference.backends.onnx_graph import Graph
from wespe.networks.layers import listed

_LEVELS = 255
_WEIGHT_LEVELS = 127
CALIBRATION_PX = 64
"""The side of the noise that calibrates."""


class Steps(NamedTuple):
    """A range of values as levels from 0 to 255: the width of one, and which of them is zero."""

    scale: float
    zero: int


def quantised_graph(layers: nn.Module) -> bytes:
    """`onnx_graph` of layers with their branches in int8; with branches, they read three channels.

    Raises ValueError as that does.
    """
    graph = _QuantisedGraph(calibrate(layers))
    return graph.model(graph.layers(layers, "image"))


@torch.inference_mode()
def quantisation_error(layers: nn.Module) -> float:
    """How far int8 takes layers of three channels on the noise, root mean square, ≥ 0."""
    noise = photo_like_noise()
    rounded = _rounded(layers, calibrate(layers))
    return float((rounded(noise) - layers(noise)).square().mean().sqrt())


def calibrate(layers: nn.Module) -> dict[nn.Module, Steps]:
    """The convolutions of the branches, and the levels of what each reads on the noise."""
    seen: dict[nn.Module, tuple[float, float]] = {}

    def look(module: nn.Module, inputs: tuple[Tensor]) -> None:
        low, high = (float(value) for value in inputs[0].aminmax())
        # Zero is always a level: the borders are padded with it.
        seen[module] = min(low, 0.0), max(high, 0.0)

    branches = residual_convolutions(layers)
    hooks = [module.register_forward_pre_hook(look) for module in branches]
    try:
        if branches:
            with torch.inference_mode():
                layers(photo_like_noise())
    finally:
        for hook in hooks:
            hook.remove()
    return {module: _steps(*seen[module]) for module in branches}


def residual_convolutions(layers: nn.Module) -> list[nn.Conv2d]:
    """The convolutions that lead into one part of a sum of two and not into the other.

    Raises ValueError for layers that torch.fx cannot list.
    """
    traced = listed(layers)
    modules = dict(traced.named_modules())
    before: dict[fx.Node, frozenset[fx.Node]] = {}
    chosen: set[fx.Node] = set()
    for node in traced.graph.nodes:
        parts = [before[part] for part in node.all_input_nodes]
        if node.target is operator.add and len(parts) == 2:
            chosen |= parts[0] ^ parts[1]
        before[node] = frozenset((node,)).union(*parts)
    found = (modules.get(str(node.target)) for node in traced.graph.nodes if node in chosen)
    return [module for module in found if isinstance(module, nn.Conv2d)]


def photo_like_noise() -> Tensor:
    """Pictures that drive a network as far as photos do, `(8, 3, h, w)` in [0, 1], always the same.

    The amplitude of a frequency f is 1/f, as in photos (Field 1987), or 1/f^1.5; from dark to
    bright, and clipped at both ends. The last two are black and white.
    """
    stream = torch.Generator().manual_seed(0)
    line = torch.fft.fftfreq(CALIBRATION_PX)
    frequency = torch.hypot(line[:, None], line)
    frequency[0, 0] = torch.inf  # The mean of the noise is zero.
    pictures = []
    for slope, contrast in ((1.0, 0.5), (1.5, 0.4)):
        for brightness in (0.2, 0.5, 0.8):
            white = torch.randn(4, CALIBRATION_PX, CALIBRATION_PX, generator=stream)
            noise = torch.fft.ifft2(torch.fft.fft2(white) / frequency**slope).real
            noise /= noise.std((1, 2), keepdim=True)
            # One that all channels share, and one that is each channel's own.
            pictures.append(brightness + contrast * (noise[:1] + noise[1:]) / 2)
    flat = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, *pictures[0].shape)
    return torch.cat([torch.stack(pictures).clamp(0, 1), flat])


def _steps(low: float, high: float) -> Steps:
    scale = (high - low) / _LEVELS or 1.0
    return Steps(scale, round(-low / scale))


def _weight_scales(convolution: nn.Conv2d) -> Tensor:
    """The width of a level of each output channel's weights, `(out,)`, float32."""
    return convolution.weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-12) / _WEIGHT_LEVELS


def _rounded(layers: nn.Module, levels: Mapping[nn.Module, Steps]) -> nn.Module:
    """A copy that gives in float32 what int8 gives."""
    rounded = copy.deepcopy(layers)
    twins = dict(zip(layers.modules(), rounded.modules(), strict=True))
    for module, steps in levels.items():
        twin = twins[module]
        assert isinstance(twin, nn.Conv2d)
        scales = _weight_scales(twin)
        zeros = torch.zeros(len(scales), dtype=torch.int32)
        weight = torch.fake_quantize_per_channel_affine(
            twin.weight.detach(), scales, zeros, 0, -_WEIGHT_LEVELS, _WEIGHT_LEVELS
        )
        twin.weight = nn.Parameter(weight, requires_grad=False)
        twin.register_forward_pre_hook(
            lambda _, inputs, steps=steps: torch.fake_quantize_per_tensor_affine(
                inputs[0], steps.scale, steps.zero, 0, _LEVELS
            )
        )
    return rounded


class _QuantisedGraph(Graph):
    """A graph in which the convolutions of `levels` read uint8 and have weights of int8."""

    def __init__(self, levels: Mapping[nn.Module, Steps]) -> None:
        super().__init__()
        self._levels = levels

    def _module(self, module: nn.Module, source: str) -> str:
        if module not in self._levels:
            return super()._module(module, source)
        assert isinstance(module, nn.Conv2d)
        scale, zero = self._levels[module]
        steps = self.constant(scale), self.constant(torch.tensor(zero, dtype=torch.uint8))
        read = self.node("QuantizeLinear", source, *steps)
        scales = _weight_scales(module)
        whole = (module.weight / scales[:, None, None, None]).round().to(torch.int8)
        zeros = torch.zeros(len(scales), dtype=torch.int8)
        weight = self.node("DequantizeLinear", *map(self.constant, (whole, scales, zeros)), axis=0)
        return self.convolution(module, self.node("DequantizeLinear", read, *steps), weight)
