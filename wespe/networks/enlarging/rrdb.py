"""The generator of ESRGAN."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.numbers import (
    RRDB_CONVOLUTIONS,
    RRDB_DENSE,
    RRDB_RESIDUAL,
    RRDB_SLOPE,
    doublings,
    rrdb_reach_px,
)


class Rrdb(Enhancer):
    """RRDBNet of ESRGAN (Wang et al., ECCV Workshops 2018): `(N, 3, H, W)` in [0, 1] → `scale`
    times the size.

    Residual blocks of three dense blocks each, without norm; the nearest pixels and a convolution
    double the size. `growth`: what a convolution adds to a dense block's channels. Nothing bounds
    the output. The scale is a power of 2.
    """

    def __init__(
        self, *, scale: int = 4, width: int = 64, blocks: int = 23, growth: int = 32
    ) -> None:
        super().__init__()
        self.config = {"scale": scale, "width": width, "blocks": blocks, "growth": growth}
        self.scale = scale
        self.head = _conv(3, width)
        self.blocks = nn.ModuleList(_Residual(width, growth) for _ in range(blocks))
        self.joint = _conv(width, width)
        self.enlarge = nn.Sequential(
            *(
                nn.Sequential(nn.Upsample(scale_factor=2), _conv(width, width), _leaky())
                for _ in range(doublings(scale))
            )
        )
        self.tail = nn.Sequential(_conv(width, width), _leaky(), _conv(width, 3))

    def convolve(self, prepared: Tensor) -> Tensor:
        first = self.head(prepared)
        features = first
        for block in self.blocks:
            features = block(features)
        convolved: Tensor = self.tail(self.enlarge(first + self.joint(features)))
        return convolved

    @property
    def receptive_field_px(self) -> int:
        return rrdb_reach_px(len(self.blocks), self.scale)


class _Dense(nn.Module):
    """Convolutions that each see what all before them have seen and given."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            _conv(width + number * growth, growth if number < RRDB_CONVOLUTIONS - 1 else width)
            for number in range(RRDB_CONVOLUTIONS)
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv2d)
            assert convolution.bias is not None
            nn.init.kaiming_normal_(convolution.weight)
            convolution.weight.data *= 0.1  # as in the ESRGAN code: deep residuals start small
            nn.init.zeros_(convolution.bias)

    def forward(self, features: Tensor) -> Tensor:
        seen = features
        *others, last = self.convolutions
        for convolution in others:
            seen = torch.cat([seen, nn.functional.leaky_relu(convolution(seen), RRDB_SLOPE)], 1)
        given: Tensor = last(seen)
        return features + given * RRDB_RESIDUAL


class _Residual(nn.Module):
    """Three dense blocks and a skip over them."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(_Dense(width, growth) for _ in range(RRDB_DENSE)))

    def forward(self, features: Tensor) -> Tensor:
        given: Tensor = self.dense(features)
        return features + given * RRDB_RESIDUAL


def _conv(read: int, gives: int) -> nn.Conv2d:
    return nn.Conv2d(read, gives, 3, padding=1)


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(RRDB_SLOPE)
