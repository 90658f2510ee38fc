"""The network of EDSR."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.numbers import DIV2K_MEAN, edsr_reach_px
from wespe.networks.enlarging.upsampling import shuffled


class Edsr(Enhancer):
    """EDSR (Lim et al., CVPR Workshops 2017): `(N, 3, H, W)` in [0, 1] → `scale` times the size.

    SRResNet without norm and without activations outside the blocks; residuals are multiplied by
    `residual_scaling` so that wide networks stay stable. Nothing bounds the output. The scale is a
    power of 2.
    """

    def __init__(
        self, *, scale: int = 4, width: int = 256, blocks: int = 32, residual_scaling: float = 0.1
    ) -> None:
        super().__init__()
        self.config = {
            **{"scale": scale, "width": width, "blocks": blocks},
            "residual_scaling": residual_scaling,
        }
        self.scale, self.residual_scaling = scale, residual_scaling
        self.head = _conv(3, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(_conv(width, width), nn.ReLU(), _conv(width, width))
            for _ in range(blocks)
        )
        self.joint = _conv(width, width)
        self.enlarge = shuffled(width, scale)
        self.tail = _conv(width, 3)
        self.mean = nn.Buffer(torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1), persistent=False)

    def prepare(self, image: Tensor) -> Tensor:
        return image - self.mean

    def convolve(self, prepared: Tensor) -> Tensor:
        first = self.head(prepared)
        features = first
        for block in self.blocks:
            features = features + block(features) * self.residual_scaling
        convolved: Tensor = self.tail(self.enlarge(first + self.joint(features)))
        return convolved

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        return convolved.float() + self.mean

    @property
    def receptive_field_px(self) -> int:
        return edsr_reach_px(len(self.blocks), self.scale)


def _conv(read: int, gives: int) -> nn.Conv2d:
    return nn.Conv2d(read, gives, 3, padding=1)
