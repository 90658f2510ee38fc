"""`wespe.networks.johnson.JohnsonNetwork` without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork, Planes


class LightJohnson(LightNetwork):
    """The image transformation network of Johnson et al."""

    name = "JohnsonNetwork"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self._blocks = int(config.get("blocks", 4))
        self.receptive_field_px = 4 + 2 * self._blocks + 4

    def convolve(self, graph: Graph) -> Node:
        def normed(source: Node, name: str, number: int) -> Node:
            return graph.convolution(source, f"{name}.{number}", norm=f"{name}.{number + 1}")

        features = graph.relu(normed(graph.image, "head", 0))
        for block in range(self._blocks):
            name = f"blocks.{block}"
            inner = normed(graph.relu(normed(features, name, 0)), name, 3)
            features = graph.sum(features, inner)
        return graph.convolution(features, "tail")

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        return np.float32(0.5) * np.tanh(convolved) + np.float32(0.5)
