"""Feature extractors ψ of the content loss: frozen, each normalises its own input."""

import pkgutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from wespe.networks.registry import EXTRACTORS

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

# torchvision takes longer to import than torch, and the untrained extractor does without it.

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class FeatureExtractor(nn.Module):
    """ψ: `(N, 3, H, W)` in [0, 1] → the features `(N, C, h, w)` of each of some layers. Frozen.

    `ends`: how many of `layers` each takes.
    """

    def __init__(self, layers: nn.Sequential, ends: Sequence[int]) -> None:
        super().__init__()
        self.layers, self.ends = layers.eval().requires_grad_(False), ends
        self.mean = nn.Buffer(torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.std = nn.Buffer(torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def train(self, mode: bool = True) -> "FeatureExtractor":
        """Stay in evaluation mode: the extractor is no part of what is trained."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        features, found = (image - self.mean) / self.std, dict[int, Tensor]()
        for number, layer in enumerate(self.layers, 1):
            features = layer(features)
            if number in self.ends:
                found[number] = features
        return [found[end] for end in self.ends]


def build_extractor(
    name: str, *, layers: Sequence[str], weights: Path | None = None
) -> FeatureExtractor:
    """The extractor `name`, a key of EXTRACTORS, of these layers.

    `weights`: a local .safetensors file with torchvision's keys; without one the weights that
    torchvision publishes are downloaded and their hash is checked. Raises ValueError for an unknown
    layer and for a file that is missing, of another format, or holds another network.
    """
    build = pkgutil.resolve_name(EXTRACTORS[name])
    each = [build(layer, weights) for layer in layers]
    return FeatureExtractor(max(each, key=len), [len(part) for part in each])


def vgg19(layer: str, weights: Path | None) -> nn.Sequential:
    """VGG-19 (Simonyan and Zisserman 2015)."""
    from torchvision.models import VGG19_Weights
    from torchvision.models.vgg import cfgs, make_layers

    names = vgg19_layers()
    _check_layer("vgg19", layer, names)
    features = make_layers(cfgs["E"])[: names[layer] + 1]
    fill(features, read_weights(weights, VGG19_Weights.IMAGENET1K_V1), weights)
    for module in features:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return nn.Sequential(*features)


def vgg19_layers() -> dict[str, int]:
    """Position in torchvision's `vgg19().features` of every convolution and ReLU, by the field's
    name."""
    names: dict[str, int] = {}
    position = 0
    for stage, convolutions in enumerate((2, 2, 4, 4, 4), start=1):
        for number in range(1, convolutions + 1):
            names[f"conv{stage}_{number}"] = position
            names[f"relu{stage}_{number}"] = position + 1
            position += 2
        position += 1
    return names


def mobilenet_v2(layer: str, weights: Path | None) -> nn.Sequential:
    """MobileNet V2 (Sandler et al. 2018)."""
    from torchvision import models

    names = {f"block{number}": number for number in range(19)}
    _check_layer("mobilenet_v2", layer, names)
    features = models.mobilenet_v2().features[: names[layer] + 1]
    fill(features, read_weights(weights, models.MobileNet_V2_Weights.IMAGENET1K_V2), weights)
    return nn.Sequential(*features)


def untrained(layer: str, weights: Path | None) -> nn.Sequential:
    """Four fixed random convolutions: a content loss that needs no download, for the demo."""
    names = {f"relu{number}": number for number in range(1, 5)}
    _check_layer("untrained", layer, names)
    if weights is not None:
        raise ValueError(f"{weights}: the untrained extractor takes no weights file")
    generator = torch.Generator().manual_seed(0)
    layers: list[nn.Module] = []
    channels = 3
    for number in range(names[layer]):
        convolution = nn.Conv2d(channels, 32, 3, stride=1 + number % 2, padding=1)
        # He initialisation keeps the features' scale from layer to layer.
        std = (2 / (channels * 9)) ** 0.5
        nn.init.normal_(convolution.weight, std=std, generator=generator)
        assert convolution.bias is not None
        nn.init.zeros_(convolution.bias)
        layers += [convolution, nn.ReLU()]
        channels = 32
    return nn.Sequential(*layers)


def _check_layer(extractor: str, layer: str, names: dict[str, int]) -> None:
    if layer not in names:
        raise ValueError(f"{extractor} has no layer {layer!r}; it has {', '.join(names)}")


def read_weights(path: Path | None, published: "WeightsEnum") -> Mapping[str, Tensor]:
    """The tensors of a user's file, or those that torchvision publishes."""
    if path is None:
        # A pickle whose hash torchvision knows; even so, torch reads only tensors from it.
        try:
            tensors: Mapping[str, Tensor] = published.get_state_dict(
                check_hash=True, weights_only=True
            )
        except OSError as error:
            raise ValueError(
                f"{published.url}: expected weights to download, got {error}. "
                "`weights` of a recipe or a rater, `run.vgg_weights` and `--vgg-weights` take a "
                "local .safetensors file"
            ) from error
        return tensors
    if not path.is_file():
        raise ValueError(f"{path}: no such weights file")
    if path.suffix != ".safetensors":
        raise ValueError(_CONVERT.format(path=path, converted=path.with_suffix(".safetensors")))
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: cannot be read as weights: {error}") from error


# A pickle can run any code, and torch's own guard against that has been evaded before.
_CONVERT = """\
{path}: expected a .safetensors file, which holds nothing but tensors. To convert one you trust:
python -c "import torch, safetensors.torch as s; \
s.save_file(torch.load('{path}', weights_only=True), '{converted}')\""""


def fill(features: nn.Module, tensors: Mapping[str, Tensor], path: Path | None) -> None:
    """Fill the first layers from `tensors`; those of deeper layers may be there, unused."""
    found: dict[str, Tensor] = {}
    for key, tensor in features.state_dict().items():
        value = tensors.get(f"features.{key}")
        if value is None or value.shape != tensor.shape:
            got = "nothing" if value is None else f"shape {tuple(value.shape)}"
            expected = f"features.{key} of shape {tuple(tensor.shape)}"
            raise ValueError(f"{path}: expected {expected}, got {got}: another network?")
        found[key] = value.to(tensor.dtype)
    features.load_state_dict(found)
