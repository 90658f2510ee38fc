"""`wespe.networks.srcnn.Srcnn` without torch."""

from collections.abc import Mapping
from typing import Any

from wespe.networks.enlarging.numbers import srcnn_reach_px
from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork


class LightSrcnn(LightNetwork):
    """The network of SRCNN."""

    name = "Srcnn"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.scale = int(config.get("scale", 1))
        middle_kernel_px = int(config.get("middle_kernel_px", 1))
        self.receptive_field_px = srcnn_reach_px(middle_kernel_px, self.scale)

    def convolve(self, graph: Graph) -> Node:
        features = graph.image if self.scale == 1 else graph.bicubic(graph.image, self.scale)
        for part in ("extraction", "mapping"):
            features = graph.relu(graph.convolution(features, part))
        return graph.convolution(features, "reconstruction")
