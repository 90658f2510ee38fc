"""`wespe.networks.generator.Generator` without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wespe.networks.light.graph import Arrays, Graph, Node
from wespe.networks.light.network import LightNetwork, NeedsTorchError, Planes
from wespe.networks.light.transport import LightTransport, fine_detail
from wespe.networks.transport_numbers import DETAIL_FIELD_PX, RECEPTIVE_FIELD_PX


class LightGenerator(LightNetwork):
    """The generator of DPED and WESPE, but for instance norm."""

    name = "Generator"

    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None:
        self._norm, self._start = config.get("norm", "batch"), config.get("start", "random")
        if self._norm == "instance":
            raise NeedsTorchError("instance norm, which gathers statistics of the whole photo,")
        self._blocks, self._leak = int(config.get("blocks", 4)), float(config.get("leak", 0))
        self._transport: LightTransport | None = None
        if self._start == "transport":
            self._transport = LightTransport(arrays)
            self.prepare_field_px = RECEPTIVE_FIELD_PX
            self.neutral = (1.0,) if config.get("light") else ()
        self._detail = arrays["detail"] if config.get("detail") else None
        detail_px = 0 if self._detail is None else DETAIL_FIELD_PX
        self.receptive_field_px = self.prepare_field_px + 4 + 2 * self._blocks + 2 + 4 + detail_px

    def convolve(self, graph: Graph) -> Node:
        features = graph.relu(graph.convolution(graph.image, "head"), self._leak)
        for block in range(self._blocks):
            inner = features
            for part in ("first", "second"):
                name = f"blocks.{block}.{part}"
                norm = f"{name}_norm" if self._norm == "batch" else ""
                inner = graph.relu(graph.convolution(inner, name, norm=norm), self._leak)
            features = graph.sum(features, inner)
        for part in ("body.0", "body.1"):
            features = graph.relu(graph.convolution(features, part), self._leak)
        return graph.convolution(features, "tail")

    def prepare(self, image: Planes) -> Planes:
        return self._transport.contrasted(image) if self._transport else image

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        if self._start == "random":
            return np.float32(0.58) * np.tanh(convolved) + np.float32(0.5)
        restored = prepared + convolved
        if self._detail is not None:
            restored += (self._detail - np.float32(1)) * fine_detail(restored)
        gamma = scene if self.neutral else None
        return self._transport.recolour(restored, gamma) if self._transport else restored

    def scene(self, seen: Planes) -> Planes:
        return (
            self._transport.gamma(seen) if self._transport and self.neutral else super().scene(seen)
        )
