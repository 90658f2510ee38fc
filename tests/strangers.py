"""Networks of other people: other sizes, norms and layers than those of the package."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.layers import Context

WIDTH = 6


def conv(read: int, gives: int, size: int = 3, **options: Any) -> nn.Conv2d:
    return nn.Conv2d(read, gives, size, padding=size // 2, **options)


class Stranger(Enhancer):
    """Two convolutions around `inner`, which reads and gives `WIDTH` channels."""

    field_px = 4

    def __init__(self, *inner: nn.Module, **attributes: Any) -> None:
        super().__init__()
        self.config = {}
        self.body = nn.Sequential(conv(3, WIDTH, 5), *inner, conv(WIDTH, 3, 5))
        for name, value in attributes.items():
            setattr(self, name, value)

    @property
    def receptive_field_px(self) -> int:
        return self.field_px

    def convolve(self, prepared: Tensor) -> Tensor:
        output: Tensor = self.body(prepared)
        return output


class Enlarging(Stranger):
    """A pixel shuffle at the end, a residual on what is enlarged by bicubic."""

    def __init__(self, scale: int, *, shuffled: int | None = None) -> None:
        super().__init__(nn.PReLU(WIDTH), conv(WIDTH, WIDTH), field_px=5, scale=scale)
        factor = shuffled or scale
        self.body[-1] = nn.Sequential(conv(WIDTH, 3 * factor**2, 5), nn.PixelShuffle(factor))

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        if convolved.shape[-1] != self.scale * prepared.shape[-1]:
            return convolved
        return F.interpolate(prepared, scale_factor=self.scale, mode="bicubic") + convolved.float()


class UNet(Stranger):
    """Down to a quarter and up again, with skips: sides have to be multiples of 4 px."""

    def __init__(self, norm: type[nn.Module] = nn.Identity, multiple: int = 4) -> None:
        super().__init__(field_px=29, size_multiple=multiple)
        self.down = nn.ModuleList(conv(WIDTH, WIDTH, stride=2) for _ in range(2))
        self.norms = nn.ModuleList(norm(WIDTH) for _ in range(2))
        self.up = nn.ModuleList(nn.ConvTranspose2d(WIDTH, WIDTH, 2, stride=2) for _ in range(2))
        self.merge = nn.ModuleList(conv(2 * WIDTH, WIDTH) for _ in range(2))

    def convolve(self, prepared: Tensor) -> Tensor:
        features, skips = self.body[0](prepared), []
        for layer, norm in zip(self.down, self.norms, strict=True):
            skips.append(features)
            features = F.leaky_relu(norm(layer(features)), 0.2)
        for layer, merge in zip(self.up, self.merge, strict=True):
            features = torch.relu(merge(torch.cat([layer(features), skips.pop()], 1)))
        output: Tensor = self.body[1](features)
        return output


class PreActivated(Stranger):
    """Norms in front of convolutions, a sum of what a norm reads, layers used twice."""

    def __init__(self, norm: type[nn.Module]) -> None:
        super().__init__(field_px=4 + 4)
        self.norm, self.other = norm(WIDTH), norm(WIDTH)
        self.layer = conv(WIDTH, WIDTH, bias=False)

    def convolve(self, prepared: Tensor) -> Tensor:
        features = self.body[0](prepared)
        for norm in (self.norm, self.other, self.norm):
            features = features + self.layer(torch.relu(norm(features)))
        output: Tensor = self.body[1](self.layer(features))
        return output


class Attending(Stranger):
    """Channels weighed by the means of the whole photo, by a function rather than a layer."""

    def convolve(self, prepared: Tensor) -> Tensor:
        features = self.body[0](prepared)
        output: Tensor = self.body[1](features * features.mean((2, 3), keepdim=True).sigmoid())
        return output


class Unlisted(Stranger):
    """Code that decides by what it reads."""

    def convolve(self, prepared: Tensor) -> Tensor:
        output: Tensor = self.body(prepared if prepared.mean() > 0.5 else prepared / 2)
        return output


class Pledged(Attending):
    """The same, which says of itself that it looks at nothing more."""

    context = Context.NOTHING


def made(network: Enhancer, seed: int = 0) -> Enhancer:
    """In use, with weights that change a photo by many levels and statistics far from 0 and 1."""
    stream = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            fan = module.weight[0].numel()
            module.weight.data = torch.randn(module.weight.shape, generator=stream) / fan**0.5
        if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3, generator=stream)
            module.running_var.uniform_(0.5, 2, generator=stream)
    return network.eval()
