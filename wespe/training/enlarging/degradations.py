"""How patches are made smaller for networks that learn to enlarge them."""

from collections.abc import Callable

import torch
from torch import Tensor

from wespe.photos.resizing import bicubic_down, blurred_down, rounded
from wespe.training.camera.degradation import ANY_CAMERA, Degradation
from wespe.training.camera.jpeg import BLOCK_PX

Degrade = Callable[[Tensor, int, torch.Generator], Tensor]
"""Patches `(N, 3, S, S)` in [0, 1] and a scale, of which S is a multiple → `(N, 3, S / scale,
S / scale)` of 8 bits. All that is random is drawn from the generator."""


def bicubic(patches: Tensor, scale: int, random: torch.Generator) -> Tensor:
    """As the papers have it."""
    return rounded(bicubic_down(patches, scale))


def blur_down(patches: Tensor, scale: int, random: torch.Generator) -> Tensor:
    """A Gaussian blur, and one of `scale` pixels along each side."""
    return rounded(blurred_down(patches, scale))


def camera(patches: Tensor, scale: int, random: torch.Generator) -> Tensor:
    """Bicubic, then what the cameras and phones of people do to a photo."""
    small = bicubic_down(patches, scale).clamp(0, 1)
    return Degradation(ANY_CAMERA)(small, random)


DEGRADATIONS: dict[str, Degrade] = {
    "bicubic": bicubic,
    "blur_down": blur_down,
    "camera": camera,
}
"""By the setting `degradation`."""

LEAST_PX = {"bicubic": 1, "blur_down": 1, "camera": 2 * BLOCK_PX}
"""Width and height that patches have to have once they are smaller: JPEG has blocks."""
