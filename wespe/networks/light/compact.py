"""`wespe.networks.enlarging.compact.Compact` without torch."""

from collections.abc import Mapping
from typing import Any

from wespe.networks.enlarging.numbers import bicubic, compact_reach_px
from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork, Planes


class LightCompact(LightNetwork):
    """Convolutions at the photo's own size, a pixel shuffle, and a residual on bicubic."""

    name = "Compact"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self.scale, self._layers = int(config.get("scale", 4)), int(config.get("layers", 10))
        self.receptive_field_px = compact_reach_px(self._layers)

    def convolve(self, graph: Graph) -> Node:
        features = graph.image
        for place in range(0, 2 * (self._layers + 1), 2):
            features = graph.convolution(features, f"body.{place}")
            features = graph.prelu(features, f"body.{place + 1}")
        return graph.shuffled(
            graph.convolution(features, f"body.{2 * (self._layers + 1)}"), self.scale
        )

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        return bicubic(prepared[:, :3], self.scale) + convolved


class LightRecurrent(LightCompact):
    """`wespe.networks.enlarging.recurrent.Recurrent` without torch."""

    name = "Recurrent"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        super().__init__(arrays, config)
        self._config = config
        read = {"body.0.weight": ("body.0.weight", "memory.weight")}
        self._following = arrays.joined(read)

    def following(self) -> "tuple[LightNetwork, Arrays]":
        network = LightCompact(self._following, self._config)
        network.channels = 3 + 3 * self.scale**2
        return network, self._following
