"""A network's parts without torch: see `wespe.networks.inference.parts.Parts`."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import cv2
import numpy as np

from wespe.networks.inference.openvino_engine import Compiled, tile_px
from wespe.networks.inference.tile_spans import Tile
from wespe.networks.light.graph import Arrays, Graph
from wespe.networks.light.network import LightNetwork, Planes
from wespe.photos.images import AnyPixels


class LightParts:
    """Convolutions by OpenVINO, all else by NumPy, on the CPU."""

    why_whole = ""

    def __init__(
        self, network: LightNetwork, arrays: Arrays, core: Any, *, bf16: bool, threads: int
    ) -> None:
        self._network = network
        self._again = functools.partial(LightParts, core=core, bf16=bf16, threads=threads)
        graph = Graph(arrays, network.channels)
        model = graph.model(network.convolve(graph))
        self._layers = Compiled(core, model.clone, bf16=bf16, threads=threads)
        self.name, self.engine = network.name, f"openvino-cpu-{'bf16' if bf16 else 'fp32'}"
        self.weights, self.tile_px = arrays.hash(), tile_px(bf16=bf16)
        self.scale, self.size_multiple = network.scale, network.size_multiple
        self.receptive_field_px = network.receptive_field_px
        self.prepare_field_px, self.neutral = network.prepare_field_px, network.neutral

    def following(self) -> "LightParts | None":
        found = self._network.following()
        return self._again(*found) if found else None

    def running(self) -> AbstractContextManager[object]:
        return contextlib.nullcontext()

    def planes(self, pixels: AnyPixels) -> Planes:
        planes = pixels.transpose(2, 0, 1)[None].astype(np.float32, order="C")
        if pixels.dtype != np.float32:
            planes /= np.float32(np.iinfo(pixels.dtype).max)
        return planes

    def scene(self, seen: Planes | None) -> Planes:
        if seen is None:
            return np.array([self.neutral], np.float32)
        return self._network.scene(seen)

    def prepare(self, image: Planes) -> Planes:
        return self._network.prepare(image)

    def convolved(
        self, tiles: Sequence[Tile], prepared: Callable[[Tile], Planes]
    ) -> Iterator[tuple[Planes, Planes]]:
        for image in map(prepared, tiles):
            yield image, self._layers(np.ascontiguousarray(image))

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        return self._network.finish(prepared, convolved, scene).clip(0, 1)

    def enlarged(self, image: Planes) -> Planes:
        # OpenCV's bicubic is torch's, its border too.
        large = [
            cv2.resize(plane, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_CUBIC)
            for plane in image[0]
        ]
        return np.stack(large)[None].clip(0, 1)

    def blended(self, original: Planes, enhanced: Planes, share: float) -> Planes:
        return original + np.float32(share) * (enhanced - original)

    def reduced(self, image: Planes, factor: int) -> Planes:
        if factor == 1:
            return image
        # Over blocks of exactly these pixels OpenCV's "area" is their mean.
        height, width = (side // factor for side in image.shape[2:])
        small = [
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
            for plane in np.ascontiguousarray(image[0])
        ]
        return np.stack(small)[None]

    def levels(self, image: Planes, dtype: np.dtype[Any]) -> AnyPixels:
        levels: AnyPixels = image[0].transpose(1, 2, 0)
        if dtype != np.float32:
            levels = np.rint(levels * np.float32(np.iinfo(dtype).max)).astype(dtype)
        return levels
