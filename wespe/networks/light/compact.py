"""`wespe.networks.enlarging.compact.Compact` without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

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
        last = f"body.{2 * (self._layers + 1)}"
        self._following = arrays.joined(
            inputs={"body.0.weight": "memory.weight"},
            outputs={f"{last}.{part}": f"gate.{part}" for part in ("weight", "bias")},
        )

    def following(self) -> "tuple[LightNetwork, Arrays]":
        return LightFollowing(self._following, self._config), self._following


class LightFollowing(LightCompact):
    """`wespe.networks.enlarging.recurrent.Following` without torch."""

    name = "Following"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        super().__init__(arrays, config)
        self.channels = 3 + 3 * self.scale**2

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        new, memory, scale = convolved[:, :3], prepared[:, 3:], self.scale
        height, width = memory.shape[2:]
        blocks = memory.reshape(1, 3, scale, scale, height, width).transpose(0, 1, 4, 2, 5, 3)
        known = blocks.reshape(new.shape)
        seen = (known != 0).any(1, keepdims=True)
        # A sigmoid that cannot overflow.
        share = np.float32(0.5) * (1 + np.tanh(convolved[:, 3:] / 2)) * seen
        return super().finish(prepared, new + share * (known - new), scene)
