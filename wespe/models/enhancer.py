"""What every network that enhances photos has in common."""

from abc import ABC, abstractmethod
from typing import Any

from torch import nn


class Enhancer(nn.Module, ABC):
    """`(N, 3, H, W)` in [0, 1] → the same shape, any H and W, to be clamped to [0, 1].

    Its layers are defined in the order in which they run, each norm after its convolution.
    """

    config: dict[str, Any]
    """The arguments of the constructor that make this architecture."""

    @property
    @abstractmethod
    def receptive_field_px(self) -> int:
        """How far, in px to each side, an output pixel looks into the input."""
