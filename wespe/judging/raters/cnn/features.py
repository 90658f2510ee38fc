"""Statistics of a network's features at each of its resolutions."""

import torch
from torch import Tensor, nn

from wespe.networks.perceptual import IMAGENET_MEAN, IMAGENET_STD


class FeatureStatistics(nn.Module):
    """Crops `(N, 3, H, W)` in [0, 1] → `(N, d)`: mean and standard deviation of each channel over
    the crop, of the last features of each resolution.

    On an inverse hyperbolic sine's scale, since features differ by their orders of magnitude. What
    is where does not count, as in Gatys et al. 2015, who describe texture so. `d` depends on the
    layers alone; weights are frozen.
    """

    def __init__(self, features: nn.Sequential) -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)
        self.mean = nn.Buffer(torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.std = nn.Buffer(torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        values, found = (crops - self.mean) / self.std, list[Tensor]()
        for layer in self.features:
            before, values = values, layer(values)
            if values.shape[2:] != before.shape[2:]:
                found += _mean_and_spread(before)
        if values.shape[2:] == before.shape[2:]:  # else nothing has been made of the last ones
            found += _mean_and_spread(values)
        return torch.asinh(torch.cat(found, dim=1))


def _mean_and_spread(features: Tensor) -> list[Tensor]:
    levels = features.float()
    return [levels.mean((2, 3)), levels.std((2, 3), correction=0)]
