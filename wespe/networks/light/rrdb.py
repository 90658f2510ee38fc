"""`wespe.networks.enlarging.rrdb.Rrdb` without torch."""

from collections.abc import Mapping
from typing import Any

from wespe.networks.enlarging.numbers import (
    RRDB_CONVOLUTIONS,
    RRDB_DENSE,
    RRDB_RESIDUAL,
    RRDB_SLOPE,
    doublings,
    rrdb_reach_px,
)
from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork


class LightRrdb(LightNetwork):
    """The generator of ESRGAN."""

    name = "Rrdb"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.scale, self._blocks = int(config.get("scale", 4)), int(config.get("blocks", 23))
        self.receptive_field_px = rrdb_reach_px(self._blocks, self.scale)

    def convolve(self, graph: Graph) -> Node:
        def active(source: Node, name: str) -> Node:
            return graph.relu(graph.convolution(source, name), RRDB_SLOPE)

        first = features = graph.convolution(graph.image, "head")
        for block in range(self._blocks):
            inner = features
            for part in range(RRDB_DENSE):
                inner = _dense(graph, inner, f"blocks.{block}.dense.{part}.convolutions")
            features = graph.sum(features, graph.scaled(inner, RRDB_RESIDUAL))
        large = graph.sum(first, graph.convolution(features, "joint"))
        for place in range(doublings(self.scale)):
            large = active(graph.doubled(large), f"enlarge.{place}.1")
        return graph.convolution(active(large, "tail.0"), "tail.2")


def _dense(graph: Graph, features: Node, name: str) -> Node:
    """Convolutions that each see what all before them have seen and given."""
    seen = features
    for number in range(RRDB_CONVOLUTIONS - 1):
        given = graph.relu(graph.convolution(seen, f"{name}.{number}"), RRDB_SLOPE)
        seen = graph.joined(seen, given)
    last = graph.convolution(seen, f"{name}.{RRDB_CONVOLUTIONS - 1}")
    return graph.sum(features, graph.scaled(last, RRDB_RESIDUAL))
