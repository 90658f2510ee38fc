"""`wespe.networks.enlarging.srresnet.SrResNet` without torch."""

from collections.abc import Mapping
from typing import Any

from wespe.networks.enlarging.numbers import doublings, srresnet_reach_px
from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork


class LightSrResNet(LightNetwork):
    """The generator of SRGAN."""

    name = "SrResNet"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.scale, self._blocks = int(config.get("scale", 4)), int(config.get("blocks", 16))
        self.receptive_field_px = srresnet_reach_px(self._blocks, self.scale)

    def convolve(self, graph: Graph) -> Node:
        first = graph.prelu(graph.convolution(graph.image, "head.0"), "head.1")
        features = first
        for block in range(self._blocks):
            name = f"blocks.{block}"
            inner = graph.convolution(features, f"{name}.0", norm=f"{name}.1")
            inner = graph.prelu(inner, f"{name}.2")
            inner = graph.convolution(inner, f"{name}.3", norm=f"{name}.4")
            features = graph.sum(features, inner)
        large = graph.sum(first, graph.convolution(features, "joint.0", norm="joint.1"))
        for place in range(0, 3 * doublings(self.scale), 3):
            large = graph.shuffled(graph.convolution(large, f"enlarge.{place}"), 2)
            large = graph.prelu(large, f"enlarge.{place + 2}")
        return graph.convolution(large, "tail")
