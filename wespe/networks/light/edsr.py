"""`wespe.networks.enlarging.edsr.Edsr` without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wespe.networks.enlarging.numbers import DIV2K_MEAN, doublings, edsr_reach_px
from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork, Planes

_MEAN = np.array(DIV2K_MEAN, np.float32).reshape(1, 3, 1, 1)


class LightEdsr(LightNetwork):
    """The network of EDSR."""

    name = "Edsr"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.scale, self._blocks = int(config.get("scale", 4)), int(config.get("blocks", 32))
        self._residual_scaling = float(config.get("residual_scaling", 0.1))
        self.receptive_field_px = edsr_reach_px(self._blocks, self.scale)

    def prepare(self, image: Planes) -> Planes:
        return image - _MEAN

    def convolve(self, graph: Graph) -> Node:
        first = features = graph.convolution(graph.image, "head")
        for block in range(self._blocks):
            inner = graph.relu(graph.convolution(features, f"blocks.{block}.0"))
            inner = graph.convolution(inner, f"blocks.{block}.2")
            features = graph.sum(features, graph.scaled(inner, self._residual_scaling))
        large = graph.sum(first, graph.convolution(features, "joint"))
        for place in range(0, 2 * doublings(self.scale), 2):
            large = graph.shuffled(graph.convolution(large, f"enlarge.{place}"), 2)
        return graph.convolution(large, "tail")

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        return convolved + _MEAN
