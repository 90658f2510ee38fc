"""The discriminator of SRGAN, which ESRGAN has too."""

from typing import Literal

import torch
from torch import Tensor, nn

EnlargingNorm = Literal["batch", "none"]

_SLOPE = 0.2
_HALVINGS, _NEURONS = 4, 1024


class EnlargingDiscriminator(nn.Module):
    """`(N, channels, size_px, size_px)` in [0, 1] → `(N,)` logits; positive: a photo, no result.

    Eight 3×3 convolutions, of which every second halves the size and every other but the first
    doubles the channels, 64 to 512; a layer of 1024 neurons, a single output. The sigmoid is left
    to the loss. Source: Ledig et al., CVPR 2017, figure 4. `width`: channels of the first
    convolution.
    """

    def __init__(
        self, *, size_px: int, width: int = 64, norm: EnlargingNorm = "batch", channels: int = 3
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for stage in range(_HALVINGS):
            wide = width * 2**stage
            for stride in (1, 2):
                normed = norm == "batch" and bool(layers)
                layers.append(nn.Conv2d(channels, wide, 3, stride, padding=1, bias=not normed))
                layers += [nn.BatchNorm2d(wide)] * normed
                layers.append(nn.LeakyReLU(_SLOPE))
                channels = wide
            size_px = (size_px - 1) // 2 + 1
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(channels * size_px**2, _NEURONS), nn.LeakyReLU(_SLOPE), nn.Linear(_NEURONS, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        features = self.convolutions(2 * image - 1)
        logits: Tensor = self.head(torch.flatten(features, 1))
        return logits[:, 0]
