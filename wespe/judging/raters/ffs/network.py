"""The classifier: convolutions by name, and a small head of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wespe.networks.perceptual import IMAGENET_MEAN, IMAGENET_STD, fill, read_weights


class FfsNetwork(nn.Module):
    """Crops `(N, 3, H, W)` in [0, 1] → a logit each, `(N,)`; sigmoid of it is the score.

    Convolutions, the mean over the crop, dropout, one linear layer. The paper's VGG-19 has three
    fully connected layers there, 120 of its 144 million weights; the mean needs none of them, takes
    crops of any size, and learns from fewer photos.
    """

    def __init__(self, features: nn.Sequential, channels: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, 1)
        # Every photo begins as undecided.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.mean = nn.Buffer(torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.std = nn.Buffer(torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        features = self.features((crops - self.mean) / self.std)
        pooled = features.mean((2, 3))
        logits: Tensor = self.head(self.dropout(pooled))
        return logits[:, 0].float()


@dataclass(frozen=True)
class Backbone:
    """Convolutions that a rater may start from; `published` names torchvision's weights."""

    build: Callable[[], nn.Sequential]
    channels: int
    published: str | None


def build_network(
    backbone: str, *, pretrained: bool, weights: Path | None = None, dropout: float = 0.0
) -> FfsNetwork:
    """The network at the start of training, its first weights drawn from torch's generator.

    `pretrained`: the convolutions know ImageNet, from the local file `weights` or from
    torchvision's download. Raises ValueError for an unknown name, and for a weights file that is
    missing, of another format, or holds another network.
    """
    if backbone not in BACKBONES:
        raise ValueError(f"expected a backbone among {', '.join(BACKBONES)}, got {backbone!r}")
    known = BACKBONES[backbone]
    features = known.build()
    if known.published is None and weights is not None:
        raise ValueError(f"{weights}: the backbone {backbone} takes no weights file")
    if not pretrained and weights is not None:
        raise ValueError(f"{weights}: a start from random numbers takes no weights file")
    if pretrained and known.published is not None:
        from torchvision.models import get_weight

        fill(features, read_weights(weights, get_weight(known.published)), weights)
    return FfsNetwork(features, known.channels, dropout=dropout)


def _torchvision(name: str) -> Callable[[], nn.Sequential]:
    def build() -> nn.Sequential:
        # torchvision takes longer to import than torch, and the small network does without it.
        from torchvision.models import get_model

        features: nn.Sequential = get_model(name, weights=None).features
        return features

    return build


def _vgg19() -> nn.Sequential:
    from torchvision.models.vgg import cfgs, make_layers

    features: nn.Sequential = make_layers(cfgs["E"])  # without the classifier's 480 MB
    return features


class _Detail(nn.Module):
    """Beside the photo's channels, what a blur over 3×3 px takes away, four times: `(N, 6, …)`.

    Defects are in the finest detail, and a network that starts at random learns sooner where it is
    shown.
    """

    def forward(self, crops: Tensor) -> Tensor:
        blurred = F.avg_pool2d(F.pad(crops, (1, 1, 1, 1), mode="reflect"), 3, 1)
        return torch.cat([crops, 4 * (crops - blurred)], dim=1)


def _small() -> nn.Sequential:
    """Four convolutions: for the demo, where it has to learn in seconds."""
    layers: list[nn.Module] = [_Detail()]
    for before, after, stride in ((6, 24, 1), (24, 32, 2), (32, 48, 2), (48, 64, 2)):
        convolution = nn.Conv2d(before, after, 3, stride, 1)
        # He initialisation keeps the features' scale from layer to layer.
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        assert convolution.bias is not None
        nn.init.zeros_(convolution.bias)
        layers += [convolution, nn.ReLU()]
    return nn.Sequential(*layers)


BACKBONES: dict[str, Backbone] = {
    "vgg19": Backbone(_vgg19, 512, "VGG19_Weights.IMAGENET1K_V1"),
    "efficientnet_b0": Backbone(
        _torchvision("efficientnet_b0"), 1280, "EfficientNet_B0_Weights.IMAGENET1K_V1"
    ),
    "mobilenet_v3_large": Backbone(
        _torchvision("mobilenet_v3_large"), 960, "MobileNet_V3_Large_Weights.IMAGENET1K_V2"
    ),
    "convnext_tiny": Backbone(
        _torchvision("convnext_tiny"), 768, "ConvNeXt_Tiny_Weights.IMAGENET1K_V1"
    ),
    "small": Backbone(_small, 64, None),
}
"""By the setting `backbone`."""
