"""The image transformation network of Johnson et al."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer


class JohnsonNetwork(Enhancer):
    """Johnson et al. (ECCV 2016): `(N, 3, H, W)` in [0, 1] → the same shape and range.

    Their network for super-resolution, which doubles the size log₂ f times, at the scale f = 1: a
    9×9 convolution, residual blocks, a 9×9 convolution, batch norm after all but the last, and a
    scaled tanh. Zero padding keeps the size.
    """

    def __init__(self, *, width: int = 64, blocks: int = 4) -> None:
        super().__init__()
        self.config = {"width": width, "blocks": blocks}
        self.head = nn.Sequential(*_normalised(3, width, 9), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(*_normalised(width, width, 3), nn.ReLU(), *_normalised(width, width, 3))
            for _ in range(blocks)
        )
        self.tail = nn.Conv2d(width, 3, 9, padding="same")

    def convolve(self, prepared: Tensor) -> Tensor:
        features = self.head(prepared)
        for block in self.blocks:
            features = features + block(features)
        convolved: Tensor = self.tail(features)
        return convolved

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        return 0.5 * torch.tanh(convolved.float()) + 0.5

    @property
    def receptive_field_px(self) -> int:
        return 4 + 2 * len(self.blocks) + 4


def _normalised(channels: int, width: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(channels, width, kernel, padding="same"), nn.BatchNorm2d(width)
