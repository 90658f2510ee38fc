"""The generator of DPED and WESPE: a fully convolutional residual network."""

import copy
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.transport import Transport, fine_detail
from wespe.networks.transport_numbers import DETAIL_FIELD_PX

Norm = Literal["batch", "instance", "none"]
Start = Literal["random", "identity", "transport"]


class Generator(Enhancer):
    """G or F (WESPE, section 3.6): `(N, 3, H, W)` in [0, 1] → the same shape, any H and W.

    A 9×9 convolution, `blocks` residual blocks, two 3×3 and one 9×9 convolution, all but the last
    with ReLU; zero padding keeps the size. With `start="random"` the output is
    `0.58 tanh(·) + 0.5`, slightly beyond [0, 1], as in the DPED code. With `start="identity"` it is
    the input plus a residual that is zero before training; clamp it to [0, 1]. With
    `start="transport"` it is the `transport` of that, a part of the network that is not trained:
    contrast before the convolutions, colours and the light of the scene after them, so that they
    undo what the source's camera did in its own colours. Without one given, as before loading, it
    leaves the input as it is. With `light`, the transport decides on a gamma for each whole photo.
    With `detail`, the finest of the luma then has a gain, the buffer of this name; it is 1 until it
    is set.
    `leak`: the slope of the ReLUs below zero, where it is not 0.
    """

    def __init__(
        self,
        *,
        width: int = 64,
        blocks: int = 4,
        norm: Norm = "batch",
        start: Start = "random",
        light: bool = False,
        detail: bool = False,
        leak: float = 0.0,
        transport: Transport | None = None,
    ) -> None:
        super().__init__()
        self.config = {"width": width, "blocks": blocks, "norm": norm, "start": start}
        self.config |= {"light": True} if light else {}
        self.config |= {"detail": True} if detail else {}
        self.config |= {"leak": leak} if leak else {}
        self.leak = leak
        self.start = start
        self.transport: Transport | None = None
        if start == "transport":
            self.transport = copy.deepcopy(transport) if transport else Transport()
            self.prepare_field_px = Transport.receptive_field_px
            self.neutral = (1.0,) if light else ()
        self.detail = nn.Buffer(torch.tensor(1.0)) if detail else None
        self.head = nn.Conv2d(3, width, 9, padding=4)
        self.blocks = nn.ModuleList(ResidualBlock(width, norm, leak) for _ in range(blocks))
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.tail = nn.Conv2d(width, 3, 9, padding=4)
        if start == "transport":
            # With torch's own first weights most ReLUs died before G had learned anything.
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, a=leak)
                    nn.init.constant_(module.bias, 0)  # type: ignore[arg-type]
        if start != "random":
            nn.init.zeros_(self.tail.weight)
            assert self.tail.bias is not None
            nn.init.zeros_(self.tail.bias)

    def prepare(self, image: Tensor) -> Tensor:
        return self.transport.contrasted(image) if self.transport else image

    def convolve(self, prepared: Tensor) -> Tensor:
        residual: Tensor = self.tail(self.features(prepared))
        return residual

    def features(self, prepared: Tensor) -> Tensor:
        """What the last convolution sees, `(N, width, H, W)`. Without a leak they are at least 0,
        and all 0 is a dead network, which no gradient brings back."""
        features = _relu(self.head(prepared), self.leak)
        for block in self.blocks:
            features = block(features)
        for convolution in self.body:
            features = _relu(convolution(features), self.leak)
        return features

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        if self.start == "random":
            return 0.58 * torch.tanh(convolved.float()) + 0.5
        restored = prepared + convolved.float()
        if self.detail is not None:
            restored = restored + (self.detail - 1) * fine_detail(restored)
        gamma = scene if self.neutral else None
        return self.transport.recolour(restored, gamma) if self.transport else restored

    def restored(self, image: Tensor) -> Tensor:
        """What the convolutions make of `prepare`'s result, before `finish`, in float32."""
        prepared = self.prepare(image)
        return prepared + self.convolve(prepared).float()

    def scene(self, seen: Tensor) -> Tensor:
        """The gamma of each photo."""
        return (
            self.transport.gamma(seen) if self.transport and self.neutral else super().scene(seen)
        )

    @property
    def receptive_field_px(self) -> int:
        detail_px = 0 if self.detail is None else DETAIL_FIELD_PX
        return self.prepare_field_px + 4 + 2 * len(self.blocks) + len(self.body) + 4 + detail_px


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, each normalised and through ReLU, added to the input (DPED code)."""

    def __init__(self, width: int, norm: Norm, leak: float = 0.0) -> None:
        super().__init__()
        self.leak = leak
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.first_norm = _norm(norm, width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.second_norm = _norm(norm, width)

    def forward(self, features: Tensor) -> Tensor:
        inner = _relu(self.first_norm(self.first(features)), self.leak)
        return features + _relu(self.second_norm(self.second(inner)), self.leak)


def _relu(features: Tensor, leak: float) -> Tensor:
    return F.leaky_relu(features, leak) if leak else torch.relu(features)


def _norm(norm: Norm, width: int) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm2d(width)
    if norm == "instance":
        return nn.InstanceNorm2d(width, affine=True, eps=1e-3)
    return nn.Identity()
