"""`wespe.networks.srcnn.Srcnn` without torch."""

from collections.abc import Mapping
from typing import Any

from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork


class LightSrcnn(LightNetwork):
    """The network of SRCNN."""

    name = "Srcnn"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.receptive_field_px = 4 + int(config.get("middle_kernel_px", 1)) // 2 + 2

    def convolve(self, graph: Graph) -> Node:
        features = graph.image
        for part in ("extraction", "mapping"):
            features = graph.relu(graph.convolution(features, part))
        return graph.convolution(features, "reconstruction")
