"""What every network that enhances photos has in common."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn


class Enhancer(nn.Module, ABC):
    """`(N, 3, H, W)` in [0, 1] → the same shape, any H and W, to be clamped to [0, 1].

    Its layers are defined in the order in which they run, each norm after its convolution. What
    enhances photos runs its three parts one by one: `convolve` is nearly all of the work and may
    run in bf16 or on another engine; the other two are too fine for bf16, whose steps near 1 are a
    level of an 8-bit photo.
    """

    config: dict[str, Any]
    """The arguments of the constructor that make this architecture."""

    prepare_field_px: int = 0
    """How far, in px to each side, `prepare` looks."""

    def forward(self, image: Tensor) -> Tensor:
        prepared = self.prepare(image)
        return self.finish(prepared, self.convolve(prepared))

    def prepare(self, image: Tensor) -> Tensor:
        """What comes before the convolutions, of the same shape as `image`, in float32."""
        return image

    @abstractmethod
    def convolve(self, prepared: Tensor) -> Tensor:
        """The convolutions: nothing but them, norms, ReLU and sums. Gives `(N, 3, H, W)`."""

    def finish(self, prepared: Tensor, convolved: Tensor) -> Tensor:
        """The output, pixel by pixel, from the other two parts, in float32."""
        return convolved.float()

    @property
    @abstractmethod
    def receptive_field_px(self) -> int:
        """How far, in px to each side, an output pixel looks into the input."""
