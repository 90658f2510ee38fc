"""What every network that enhances photos has in common, and tells of itself."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from wespe.networks.layers import Context, context_of
from wespe.networks.scene import GRID_PX, SMALLEST_PX, shows_scene


class Enhancer(nn.Module, ABC):
    """`(N, 3, H, W)` in [0, 1] → `(N, 3, scale · H, scale · W)`, any H and W, to clamp to [0, 1].

    What enhances photos runs its three parts one by one: `convolve` is nearly all of the work and
    may run in bf16 or on another engine; the other two are too fine for bf16, whose steps near 1
    are a level of an 8-bit photo. All that tiles have to know of a network is asked of it here:
    `scale`, `size_multiple`, `context`, `receptive_field_px`, `prepare_field_px`, and `neutral`
    with `scene`. Of what it says, `wespe.networks.inference.contract` tries on noise what can be
    tried.
    """

    config: dict[str, Any]
    """The arguments of the constructor that make this architecture."""

    scale: int = 1
    """Output px for an input px, along each side."""

    channels: int = 3
    """Of its input: those of the photo, and what else it is given with each pixel in a video."""

    size_multiple: int = 1
    """What height and width of `prepare`'s and `convolve`'s input have to be a multiple of, in px.

    Other photos are mirrored beyond their lower and right borders, and the result is cut.
    """

    prepare_field_px: int = 0
    """How far, in px to each side, `prepare` looks."""

    neutral: tuple[float, ...] = ()
    """What `scene` gives where nothing is known of the whole photo, as for patches in training.

    Empty for a network that decides nothing for a photo as a whole.
    """

    def following(self) -> "Enhancer | None":
        """The same network as it runs in videos, with more `channels`; None for one that sees
        every frame by itself. See `wespe.networks.inference.video.memory`."""
        return None

    def forward(self, image: Tensor) -> Tensor:
        whole = mirrored(image, self.size_multiple)
        prepared = self.prepare(whole)
        output = self.finish(prepared, self.convolve(prepared), self.scene_of(image))
        if whole is image:
            return output
        height, width = image.shape[-2:]
        return output[..., : self.scale * height, : self.scale * width]

    def prepare(self, image: Tensor) -> Tensor:
        """What comes before the convolutions, of the same shape as `image`, in float32."""
        return image

    @abstractmethod
    def convolve(self, prepared: Tensor) -> Tensor:
        """The convolutions, `(N, 3, H, W)` → `(N, C, h, w)`, of any size that `finish` takes."""

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        """The output from the other two parts, in float32.

        `scene`: what `scene` gives for the whole photo, also where this is a tile of it.
        """
        return convolved.float()

    def scene(self, seen: Tensor) -> Tensor:
        """What is decided once a photo, `(N, len(neutral))`, from the `grid` of each, in [0, 1]."""
        return seen.new_empty(len(seen), 0)

    def scene_of(self, image: Tensor) -> Tensor:
        """`scene` of photos, or `neutral` where their size is that of a part of one."""
        neutral = image.new_tensor(self.neutral).expand(len(image), -1)
        if not self.neutral:
            return neutral
        height, width = image.shape[-2:]
        if torch.compiler.is_exporting():
            # An exported network has any size, and decides by it when it runs.
            sides = torch.stack([torch.scalar_tensor(side) for side in (height, width)])
            return torch.where(sides.min() >= SMALLEST_PX, self.scene(grid(image)), neutral)
        return self.scene(grid(image)) if shows_scene(height, width) else neutral

    @property
    @abstractmethod
    def receptive_field_px(self) -> int:
        """How far, in input px to each side, an output pixel looks, `prepare` included."""

    @property
    def context(self) -> Context:
        """What `convolve` depends on beyond that; read off its layers, unless a class says it."""
        return context_of(Convolutions(self))


class Convolutions(nn.Module):
    """The part of a network that an engine runs."""

    def __init__(self, network: Enhancer) -> None:
        super().__init__()
        self.network = network

    def forward(self, prepared: Tensor) -> Tensor:
        return self.network.convolve(prepared)


def grid(image: Tensor) -> Tensor:
    """The grid of photos `(N, 3, H, W)`, `(N, 3, GRID_PX, GRID_PX)`, for any H and W."""
    # `grid_places`, which an exported network could not compute for any side.
    middles = 2 * torch.arange(GRID_PX, device=image.device) + 1
    rows, columns = (middles * side // (2 * GRID_PX) for side in image.shape[-2:])
    return image[..., rows, :][..., columns]


def mirrored(image: Tensor, multiple: int) -> Tensor:
    """`(N, C, H, W)` up to sides of a multiple, mirrored; the image itself where they are one."""
    height, width = image.shape[-2:]
    if height % multiple == 0 and width % multiple == 0:
        return image
    rows, columns = (_mirror(side, side + -side % multiple, image) for side in (height, width))
    return image[..., rows, :][..., columns]


def _mirror(side: int, length: int, like: Tensor) -> Tensor:
    """Which pixels of a side stand at each place of a longer one: 0 1 2 2 1 0 0 1 …"""
    place = torch.arange(length, device=like.device)
    # An exported network has any side but the smallest, where the mirror is mirrored again.
    if not torch.compiler.is_exporting():
        place = place % (2 * side)
    return torch.minimum(place, 2 * side - 1 - place)
