"""A small network that enlarges, for CPUs: nearly all its work is done at the photo's own size."""

import itertools

from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.bicubic import Bicubic
from wespe.networks.enlarging.numbers import compact_reach_px

SLOPE = 0.25
"""Of the PReLUs below zero, before they have learned their own."""


class Compact(Enhancer):
    """`(N, 3, H, W)` in [0, 1] → `(N, 3, scale · H, scale · W)`: bicubic, and a residual.

    3×3 convolutions with PReLU, all at the photo's own size, and one pixel shuffle at the end. The
    shape is that of Real-ESRGAN's SRVGGNetCompact (Wang et al., ICCV Workshops 2021), whose
    residual is on the nearest pixels; on bicubic less is left to learn. Nothing bounds the output.
    """

    def __init__(self, *, scale: int = 4, width: int = 48, layers: int = 10) -> None:
        super().__init__()
        self.config = {"scale": scale, "width": width, "layers": layers}
        self.scale = scale
        channels = [3, *[width] * (layers + 1)]
        body: list[nn.Module] = []
        for read, gives in itertools.pairwise(channels):
            body += [nn.Conv2d(read, gives, 3, padding=1), nn.PReLU(gives, SLOPE)]
        self.body = nn.Sequential(*body, nn.Conv2d(width, 3 * scale**2, 3, padding=1))
        self.shuffle = nn.PixelShuffle(scale)
        self.bicubic = Bicubic(scale)
        self._first_weights()

    def convolve(self, prepared: Tensor) -> Tensor:
        convolved: Tensor = self.shuffle(self.body(prepared))
        return convolved

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        enlarged: Tensor = self.bicubic(prepared)
        return enlarged + convolved.float()

    @property
    def receptive_field_px(self) -> int:
        return compact_reach_px(self.config["layers"])

    def _first_weights(self) -> None:
        """Those that keep the features' scale behind PReLUs; with torch's own it learned nothing.

        The residual starts small, since bicubic is close already.
        """
        convolutions = [layer for layer in self.body if isinstance(layer, nn.Conv2d)]
        for convolution in convolutions:
            nn.init.kaiming_normal_(convolution.weight, a=SLOPE)
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
        convolutions[-1].weight.data *= 0.1
