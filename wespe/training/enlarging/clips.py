"""A network that remembers, over the frames of clips in training: as it runs over videos."""

import itertools
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from wespe.networks.enlarging.recurrent import Recurrent
from wespe.photos.tensors import to_pixels
from wespe.photos.video.motion import flow, seen_before


def motions(frames: Tensor) -> Tensor:
    """The motion between the frames of clips `(N, T, 3, H, W)` in [0, 1], enlarged by bicubic.

    `(2, N, T - 1, 3, H, W)` on the same device: for each pair of neighbours, where each pixel of
    the later frame was in the earlier one, x and y in px, and whether it was seen there; then the
    same of the earlier frame in the later one. By the optical flow of videos, on the CPU.
    """
    clips = [
        [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in to_pixels(clip)] for clip in frames
    ]
    found = [[_motions(now, before) for before, now in itertools.pairwise(clip)] for clip in clips]
    both = np.array(found, np.float32).transpose(2, 0, 1, 3, 4, 5)
    return torch.from_numpy(np.ascontiguousarray(both)).to(frames.device)


def followed(network: Recurrent, frames: Tensor, motion: Tensor) -> Tensor:
    """The outputs for clips `(N, T, 3, h, w)`, each frame following the one before: `(N, T, 3, H,
    W)`.

    `motion`: `(N, T - 1, 3, H, W)`, of each frame from the second on.
    """
    made = [network.follow(frames[:, 0], None)]
    for number in range(1, frames.shape[1]):
        image, moves = frames[:, number], motion[:, number - 1]
        known = moved(made[-1].clamp(0, 1), moves) - network.bicubic(image)
        memory = F.pixel_unshuffle(known * moves[:, 2:], network.scale)
        made.append(network.follow(image, memory))
    return torch.stack(made, 1)


def flicker(made: Tensor, true: Tensor, motion: Tensor) -> Tensor:
    """What clips `(N, T, 3, H, W)` in [0, 1] change from frame to frame beyond the true ones.

    `motion`: `(N, T - 1, 3, H, W)`, along which the frame before is moved. The mean absolute value
    over all that was seen there. 255 times as much is about what `wespe flicker` measures, which
    moves frames linearly, along the motion of the source.
    """
    wrong = (made - true).float()
    along = motion.flatten(0, 1)
    change = wrong[:, 1:].flatten(0, 1) - moved(wrong[:, :-1].flatten(0, 1), along)
    seen = along[:, 2:]
    return (change.abs() * seen).sum() / (3 * seen.sum()).clamp(min=1)


def moved(images: Tensor, motion: Tensor) -> Tensor:
    """`(N, C, H, W)` of other frames as they would be seen in those that have the `motion`.

    `motion`: `(N, 3, H, W)`. Cubic between pixels, and the nearest one beyond the border, as OpenCV
    has both.
    """
    height, width = images.shape[-2:]
    # In fp32: in bf16 pixels would be moved by an eighth of a pixel and more at a time.
    with torch.autocast(images.device.type, enabled=False):
        columns = torch.arange(width, device=images.device) + motion[:, 0].float()
        rows = torch.arange(height, device=images.device)[:, None] + motion[:, 1].float()
        grid = torch.stack(
            [2 * columns / max(width - 1, 1) - 1, 2 * rows / max(height - 1, 1) - 1], -1
        )
        return F.grid_sample(
            images.float(), grid, mode="bicubic", padding_mode="border", align_corners=True
        )


def _motions(now: NDArray[Any], before: NDArray[Any]) -> NDArray[np.float32]:
    """`(2, 3, H, W)`: the motion of each of two frames, and whether it was seen in the other."""
    forth, back = flow(now, before), flow(before, now)
    seen = seen_before(now, before, forth, back), seen_before(before, now, back, forth)
    return np.stack(
        [
            np.concatenate([motion.transpose(2, 0, 1), known[None].astype(np.float32)])
            for motion, known in zip((forth, back), seen, strict=True)
        ]
    )
