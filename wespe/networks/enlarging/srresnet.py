"""The generator of SRGAN."""

from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.numbers import srresnet_reach_px
from wespe.networks.enlarging.upsampling import shuffled


class SrResNet(Enhancer):
    """SRResNet (Ledig et al., CVPR 2017): `(N, 3, H, W)` in [0, 1] → `scale` times the size.

    A 9×9 convolution, residual blocks with batch norm and PReLU, a skip over all of them, pixel
    shuffles that double the size, a 9×9 convolution. Zero padding keeps the size. Nothing bounds
    the output. The scale is a power of 2.
    """

    def __init__(self, *, scale: int = 4, width: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.config = {"scale": scale, "width": width, "blocks": blocks}
        self.scale = scale
        self.head = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(*_normalised(width), nn.PReLU(), *_normalised(width))
            for _ in range(blocks)
        )
        self.joint = nn.Sequential(*_normalised(width))
        self.enlarge = shuffled(width, scale, nn.PReLU)
        self.tail = nn.Conv2d(width, 3, 9, padding=4)

    def convolve(self, prepared: Tensor) -> Tensor:
        first = self.head(prepared)
        features = first
        for block in self.blocks:
            features = features + block(features)
        convolved: Tensor = self.tail(self.enlarge(first + self.joint(features)))
        return convolved

    @property
    def receptive_field_px(self) -> int:
        return srresnet_reach_px(len(self.blocks), self.scale)


def _normalised(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
