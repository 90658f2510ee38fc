"""A small network that enlarges videos: what it made of the frame before is an input."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact

_FIRST_SHARE = -1.0
"""Of the memory before training, before the sigmoid: about a quarter."""
_FIRST_WEIGHTS = 0.01
"""Standard deviation of the weights that read a new memory: below those that read the frame."""


class Recurrent(Compact):
    """`Compact` with a memory, without which photos and the first frame of a scene are made.

    In a video the output for the frame before, moved along the motion, less bicubic of this frame,
    is its memory, `(N, 3 · scale², H, W)` by pixel unshuffle; zero where nothing is remembered. The
    first layer reads it beside the frame. What is added to bicubic is a mean of the network's own
    residual and of the memory; which share the memory has, the last layer decides for each output
    pixel, and it has none where nothing is remembered. The recurrence is that of Sajjadi et al.,
    Frame-Recurrent Video Super-Resolution, CVPR 2018, whose memory is the whole output, whose flow
    is learned, and which has no such mean.
    """

    def __init__(self, *, scale: int = 4, width: int = 48, layers: int = 10) -> None:
        super().__init__(scale=scale, width=width, layers=layers)
        self.memory = nn.Conv2d(3 * scale**2, width, 3, padding=1, bias=False)
        self.gate = nn.Conv2d(width, scale**2, 3, padding=1)
        # The same each time, so that what is begun with a trained network has one set of weights.
        same = torch.Generator().manual_seed(0)
        nn.init.normal_(self.memory.weight, std=_FIRST_WEIGHTS, generator=same)
        nn.init.zeros_(self.gate.weight)
        assert self.gate.bias is not None
        nn.init.constant_(self.gate.bias, _FIRST_SHARE)

    @classmethod
    def begun(cls, network: Enhancer) -> "Recurrent":
        """A network that goes on with a trained one, without memory if that has none.

        Raises ValueError for another architecture.
        """
        if not isinstance(network, Compact):
            name = type(network).__name__
            raise ValueError(f"start: expected a network of compact or tecogan, got {name}")
        made = cls(**network.config)
        made.load_state_dict({**made.state_dict(), **network.state_dict()})
        return made

    def follow(self, image: Tensor, before: Tensor | None) -> Tensor:
        """The output for frames `(N, 3, H, W)`; `before`: the memory, None for that of zeros."""
        if before is None:
            alone: Tensor = self(image)
            return alone
        first, rest, last = self.body[0], self.body[1:-1], self.body[-1]
        features = rest(first(image) + self.memory(before))
        convolved = self.shuffle(torch.cat([last(features), self.gate(features)], 1))
        return _with_memory(self.bicubic(image), before, convolved)

    def following(self) -> "Following":
        return Following(self)


class Following(Enhancer):
    """`Recurrent` within a video, `(N, 3 + 3 · scale², H, W)`: frames, and the memory of each."""

    def __init__(self, network: Recurrent) -> None:
        super().__init__()
        self.config, self.scale = network.config, network.scale
        self.channels = 3 + 3 * self.scale**2
        reads, decides = network.body[0], network.body[-1]
        assert isinstance(reads, nn.Conv2d)
        assert isinstance(decides, nn.Conv2d)
        first = nn.Conv2d(self.channels, reads.out_channels, 3, padding=1)
        first.weight.data = torch.cat([reads.weight, network.memory.weight], 1).detach()
        assert reads.bias is not None
        first.bias = nn.Parameter(reads.bias.detach())
        last = nn.Conv2d(decides.in_channels, 4 * self.scale**2, 3, padding=1)
        for name, value in decides.state_dict().items():
            joined = torch.cat([value, network.gate.state_dict()[name]])
            getattr(last, name).data = joined
        self.body = nn.Sequential(first, *list(network.body)[1:-1], last)
        self.shuffle, self.bicubic = network.shuffle, network.bicubic
        self._reach_px = network.receptive_field_px

    def convolve(self, prepared: Tensor) -> Tensor:
        convolved: Tensor = self.shuffle(self.body(prepared))
        return convolved

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        return _with_memory(self.bicubic(prepared[:, :3]), prepared[:, 3:], convolved)

    @property
    def receptive_field_px(self) -> int:
        return self._reach_px


def _with_memory(large: Tensor, memory: Tensor, convolved: Tensor) -> Tensor:
    """Bicubic `(N, 3, H, W)`, and a mean of what the network adds and of what it remembers.

    `convolved`, `(N, 4, H, W)`: the residual, and the memory's share before the sigmoid.
    """
    convolved = convolved.float()
    known = F.pixel_shuffle(memory.float(), large.shape[-1] // memory.shape[-1])
    share = torch.sigmoid(convolved[:, 3:]) * (known != 0).any(1, keepdim=True)
    return large + torch.lerp(convolved[:, :3], known, share)
