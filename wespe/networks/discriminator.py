"""The discriminators D_c (on blurred colour) and D_t (on grey)."""

from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
DiscriminatorNorm = Literal["instance", "batch", "spectral", "none"]

# Output channels, kernel and stride of the five convolutions; strides are the paper's (3.6),
# channels and kernels those of the DPED code.
CONVOLUTIONS = ((48, 11, 4), (128, 5, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2))

# Of photos, roughly. With plain [0, 1] inputs and torch's own initialisation an unnormalised
# discriminator saw no difference between two cameras of matched histograms in 160 steps.
_MEAN, _STD = 0.45, 0.25
_SLOPE = 0.2


class Discriminator(nn.Module):
    """D_c or D_t: `(N, channels, size_px, size_px)` → `(N,)` logits; positive: a target photo.

    Five convolutions, a layer of 1024 neurons, a single output (WESPE, section 3.6). The sigmoid is
    left to the loss, which is then exact for large logits.
    """

    def __init__(
        self, channels: int, *, size_px: int = 100, norm: DiscriminatorNorm = "instance"
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (width, kernel, stride) in enumerate(CONVOLUTIONS):
            convolution = _he(nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2))
            layers.append(spectral_norm(convolution) if norm == "spectral" else convolution)
            if number > 0 and norm == "batch":
                layers.append(nn.BatchNorm2d(width))
            elif number > 0 and norm == "instance":
                layers.append(nn.InstanceNorm2d(width, affine=True, eps=1e-3))
            layers.append(nn.LeakyReLU(_SLOPE))
            channels = width
            size_px = (size_px - 1) // stride + 1
        linear = [_he(nn.Linear(channels * size_px**2, 1024)), _he(nn.Linear(1024, 1))]
        hidden, last = map(spectral_norm, linear) if norm == "spectral" else linear
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(hidden, nn.LeakyReLU(_SLOPE), last)

    def forward(self, image: Tensor) -> Tensor:
        features = self.convolutions((image - _MEAN) / _STD)
        logits: Tensor = self.head(torch.flatten(features, 1))
        return logits[:, 0]


def _he(layer: Layer) -> Layer:
    """He initialisation, which keeps the signal's scale through any number of layers."""
    nn.init.kaiming_normal_(layer.weight, _SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
