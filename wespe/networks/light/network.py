"""What `wespe.networks.enhancer.Enhancer` is, without torch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.networks.light.graph import Arrays, Graph, Node

Planes = NDArray[np.float32]
"""`(1, C, h, w)`."""


class NeedsTorchError(ValueError):
    """What only torch computes; `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs torch: pip install 'wespe[train]'")
        self.what = what


class LightNetwork(ABC):
    """A network of `wespe.networks.registry.ARCHITECTURES` for use alone, in the same three parts.

    `arrays`: the file's weights by name; `config`: the constructor's arguments of the architecture.
    Raises NeedsTorchError for a variant that only torch has, KeyError and TypeError for a `config`
    that is not the architecture's.
    """

    name: str
    """The class of the architecture."""
    scale: int = 1
    channels: int = 3
    size_multiple: int = 1
    prepare_field_px: int = 0
    receptive_field_px: int
    neutral: tuple[float, ...] = ()

    @abstractmethod
    def __init__(self, arrays: Arrays, config: Mapping[str, Any]) -> None: ...

    def following(self) -> "tuple[LightNetwork, Arrays] | None":
        """`Enhancer.following`, and its weights."""
        return None

    @abstractmethod
    def convolve(self, graph: Graph) -> Node:
        """The convolutions, from `graph.image`."""

    def prepare(self, image: Planes) -> Planes:
        """`Enhancer.prepare`."""
        return image

    def finish(self, prepared: Planes, convolved: Planes, scene: Planes) -> Planes:
        """`Enhancer.finish`."""
        return convolved

    def scene(self, seen: Planes) -> Planes:
        """`Enhancer.scene`."""
        return np.empty((len(seen), 0), np.float32)
