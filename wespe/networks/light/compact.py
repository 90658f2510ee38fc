"""`wespe.networks.enlarging.compact.Compact` without torch."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from wespe.networks.enlarging.numbers import bicubic_phases, compact_reach_px
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
        return _bicubic(prepared, self.scale) + convolved


def _bicubic(image: Planes, scale: int) -> Planes:
    """`wespe.networks.enlarging.bicubic.Bicubic`, a place within the pixel at a time."""
    channels, height, width = image.shape[1:]
    large = np.empty((1, channels, scale * height, scale * width), np.float32)
    phases = bicubic_phases(scale)
    for plane, into in zip(image[0], large[0], strict=True):
        for row, down in enumerate(phases):
            for column, across in enumerate(phases):
                into[row::scale, column::scale] = cv2.sepFilter2D(
                    plane, cv2.CV_32F, across, down, borderType=cv2.BORDER_REPLICATE
                )
    return large
