"""Against flicker: what a network does to a part of the scene changes slowly along its motion."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels
from wespe.photos.video.motion import flow, moved, seen_before

STEADY = 0.8
"""Of `Steady.share`: flicker falls to about a third, and new light is followed in five frames."""

State = dict[str, NDArray[Any]]


def check_share(share: float) -> None:
    """Raise ValueError for a `share` that is out of range."""
    if not 0 <= share < 1:
        raise ValueError(f"steady must be at least 0 and below 1, got {share:g}")


class Steady:
    """The change that a network makes to frame after frame, averaged over time along the motion.

    An exponential mean: `share`, 0 to below 1, is what stays of the mean so far, so that it follows
    within about 1 / (1 - share) frames. Only the change is averaged, never the frame itself. What
    becomes visible, moves in no clear way or follows a cut starts anew. `fine`: the change is fine
    detail, as of a network that enlarges, which linear interpolation would blur from frame to
    frame; it is moved by cubic interpolation. Raises ValueError for a `share` out of range.
    """

    def __init__(self, share: float, *, fine: bool = False) -> None:
        check_share(share)
        self.share = share
        self._interpolation = cv2.INTER_CUBIC if fine else cv2.INTER_LINEAR
        self.state: State = {}
        """What the next frame is averaged with; passed to another object, it gives the same
        bits."""

    def __call__(self, source: Pixels, change: NDArray[np.float32]) -> NDArray[np.float32]:
        """`source`: the next frame, (H, W, 3); `change`: what to add to it, float of any unit."""
        grey = cv2.cvtColor(source, cv2.COLOR_RGB2GRAY)
        held = change
        if self.state:
            motion = flow(grey, self.state["grey"])
            seen = seen_before(grey, self.state["grey"], motion)
            before = moved(self.state["held"], motion, self._interpolation)
            mean = self.share * before + (1 - self.share) * change
            held = np.where(seen[..., None], mean, change)
        self.state = {"grey": grey, "held": held}
        return held
