"""A small network that enlarges videos: what it made of the frame before is an input."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact


class Recurrent(Compact):
    """`Compact` with a memory; of a photo, and of the first frame of a scene, it is that network.

    In a video the output for the frame before, moved along the motion, less bicubic of this frame,
    is its memory, `(N, 3 · scale², H, W)` by pixel unshuffle; zero where nothing is remembered. The
    first layer reads it beside the frame. The recurrence is that of Sajjadi et al., Frame-Recurrent
    Video Super-Resolution, CVPR 2018, whose memory is the whole output, and whose flow is learned.
    A new memory has weights of zero: it is forgotten until training finds a use for it.
    """

    def __init__(self, *, scale: int = 4, width: int = 48, layers: int = 10) -> None:
        super().__init__(scale=scale, width=width, layers=layers)
        self.memory = nn.Conv2d(3 * scale**2, width, 3, padding=1, bias=False)
        nn.init.zeros_(self.memory.weight)

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
        large: Tensor = self.bicubic(image)
        first, rest = self.body[0], self.body[1:]
        features = first(image) if before is None else first(image) + self.memory(before)
        made: Tensor = large + self.shuffle(rest(features)).float()
        return made

    def following(self) -> "Following":
        return Following(self)


class Following(Enhancer):
    """`Recurrent` within a video, `(N, 3 + 3 · scale², H, W)`: frames, and the memory of each."""

    def __init__(self, network: Recurrent) -> None:
        super().__init__()
        self.config, self.scale = network.config, network.scale
        self.channels = 3 + 3 * self.scale**2
        reads, memory = network.body[0], network.memory
        assert isinstance(reads, nn.Conv2d)
        first = nn.Conv2d(self.channels, reads.out_channels, 3, padding=1)
        first.weight.data = torch.cat([reads.weight, memory.weight], 1).detach()
        assert reads.bias is not None
        first.bias = nn.Parameter(reads.bias.detach())
        self.body = nn.Sequential(first, *list(network.body)[1:])
        self.shuffle, self.bicubic = network.shuffle, network.bicubic
        self._reach_px = network.receptive_field_px

    def convolve(self, prepared: Tensor) -> Tensor:
        convolved: Tensor = self.shuffle(self.body(prepared))
        return convolved

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        enlarged: Tensor = self.bicubic(prepared[:, :3])
        return enlarged + convolved.float()

    @property
    def receptive_field_px(self) -> int:
        return self._reach_px
