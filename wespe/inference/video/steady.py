"""Against flicker: what a network does to large areas changes slowly along the motion."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.images import Pixels
from wespe.inference.video.encoding import State
from wespe.inference.video.motion import flow, moved, seen_before

_CELLS = 256
"""Along the short side of the grid that holds the change of large areas."""
_BLUR_CELLS = 4.0


class Steady:
    """The change that a network makes to frame after frame, its large areas averaged over time.

    The change's low frequencies are an exponential mean along the motion of the source:
    `share` is what stays of the mean so far, 0 to below 1. So it takes about 1 / (1 - share) frames
    to follow a new scene's light; at a cut, and where something comes into sight, it starts anew.
    Fine detail is never averaged: flow is not exact enough for that, and would smear it.

    `state`, as another had it after its last frame, goes on from there, bit for bit.
    """

    def __init__(self, share: float, state: State | None = None) -> None:
        if not 0 <= share < 1:
            raise ValueError(f"steady must be at least 0 and below 1, got {share:g}")
        self._share = share
        self.state: State = dict(state or {})

    def __call__(self, source: Pixels, change: NDArray[np.float32]) -> NDArray[np.float32]:
        """`source`: the next frame, (H, W, 3); `change`: what to add to it, in levels."""
        if not self._share:
            return change
        height, width, _ = source.shape
        scale = min(1.0, _CELLS / min(height, width))
        grid = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.cvtColor(cv2.resize(source, grid, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        areas = cv2.resize(change, grid, interpolation=cv2.INTER_AREA)
        areas = cv2.GaussianBlur(areas, (0, 0), _BLUR_CELLS)
        held = areas
        if self.state:
            before = self.state["grey"]
            motion = flow(grey, before)
            seen = seen_before(grey, before, motion)
            mean = self._share * moved(self.state["held"], motion) + (1 - self._share) * areas
            held = np.where(seen[..., None], mean, areas)
        self.state = {"grey": grey, "held": held}
        return change + cv2.resize(held - areas, (width, height), interpolation=cv2.INTER_LINEAR)
