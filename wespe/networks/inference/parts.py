"""What tiles run of a network, whatever computes it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from wespe.networks.inference.tile_spans import Tile
from wespe.photos.images import AnyPixels

Planes = Any
"""`(1, C, h, w)` on the engine's own device: a NumPy array, or a tensor of torch."""


class Parts(Protocol):
    """A network on an engine, in the parts of `wespe.networks.enhancer.Enhancer`.

    Its attributes are explained there. What methods give stays with the engine; only `levels` are
    pixels again.
    """

    name: str
    """The network's class."""
    engine: str
    """The engine, device and precision, as `openvino-cpu-bf16`."""
    weights: str
    """Hex SHA-256 of the weights, the same on any engine."""
    scale: int
    size_multiple: int
    receptive_field_px: int
    prepare_field_px: int
    neutral: tuple[float, ...]
    tile_px: int
    """What the engine is fastest with, for a network that keeps a photo's size."""
    why_whole: str
    """Why there can be no tiles, in words; empty where there can."""

    def following(self) -> "Parts | None":
        """`Enhancer.following`, on the same engine."""
        ...

    def running(self) -> AbstractContextManager[object]:
        """What stands around all other calls for a photo."""
        ...

    def planes(self, pixels: AnyPixels) -> Planes:
        """`(h, w, 3)` of uint8, uint16 or float32 in [0, 1] → float32 in [0, 1]."""
        ...

    def scene(self, seen: Planes | None) -> Planes:
        """`Enhancer.scene` of a photo's grid, or `neutral` for None, `(1, len(neutral))`."""
        ...

    def prepare(self, image: Planes) -> Planes:
        """`Enhancer.prepare`."""
        ...

    def convolved(
        self, tiles: Sequence[Tile], prepared: Callable[[Tile], Planes]
    ) -> Iterator[tuple[Planes, Planes]]:
        """What `prepared` gives for each of a photo's tiles, and `Enhancer.convolve` of that.

        `prepared(tile)` may be asked several times.
        """
        ...

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        """`Enhancer.finish`, clamped to [0, 1]."""
        ...

    def enlarged(self, image: Planes) -> Planes:
        """`image`, `scale` times as large, by torch's bicubic, clamped to [0, 1]."""
        ...

    def blended(self, original: Planes, enhanced: Planes, share: float) -> Planes:
        """`original` with this share of `enhanced`."""
        ...

    def reduced(self, image: Planes, factor: int) -> Planes:
        """The means of blocks of `factor` × `factor` pixels, into which both sides divide."""
        ...

    def levels(self, image: Planes, dtype: np.dtype[Any]) -> AnyPixels:
        """`(1, 3, h, w)`, clamped to [0, 1] → `(h, w, 3)` of uint8, uint16 or float32."""
        ...


def expect_size(name: str, output: Planes, source: Planes, scale: int, channels: int = 3) -> None:
    """Raise ValueError for an output that is not `scale` times as large as `source`, in colour."""
    height, width = source.shape[-2:]
    expected, got = (1, channels, scale * height, scale * width), tuple(output.shape)
    if got != expected:
        raise ValueError(
            f"{name}: expected an output of shape {expected} for a tile of {width}×{height} px, "
            f"since its scale is {scale}, got {got}"
        )
