"""A network that remembers, over the frames of a video: what it made of one goes into the next."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.networks.enlarging.numbers import bicubic
from wespe.networks.inference.enlarged import by_area, end_scale
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.networks.inference.video.steady import State
from wespe.photos.video.colour import Levels
from wespe.photos.video.motion import flow, moved, seen_before

Planes = NDArray[np.float32]


class Remembering:
    """Frame after frame through `network`, the `following` of a network for photos.

    The output for the frame before, moved along the motion between the frames as bicubic enlarges
    them (DIS), less bicubic of the frame, is what the network remembers. What was not seen before,
    so all of a frame after a cut or of another size, has no memory. The memory is that of the whole
    network: `strength` and `scale`, as of `TiledEnhancer.enhance`, apply to what is given, not to
    it.
    """

    def __init__(
        self, network: TiledEnhancer, *, strength: float = 1.0, scale: float | None = None
    ) -> None:
        self._network, self._strength = network, strength
        self._end_scale = end_scale(network.scale, scale)
        self.state: State = {}
        """What the next frame follows; passed to another object, it gives the same bits."""

    def __call__(self, frame: Levels) -> Levels:
        """The result for the next frame, uint8 or uint16 `(H, W, 3)`, of the same type."""
        largest = np.float32(np.iinfo(frame.dtype).max)
        exact = np.divide(frame, largest, dtype=np.float32)
        large = _bicubic(exact, self._network.scale)
        # The motion between small frames is too coarse for what moves by itself.
        levels = (large.clip(0, 1) * 255).round().astype(np.uint8)
        grey = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
        given = np.concatenate([exact, self._memory(grey, large)], 2)
        made = self._network.enhance(given, dtype=np.dtype(np.uint16))
        self.state = {"grey": grey, "made": made}
        result = made.astype(np.float32) / 65535
        result = large.clip(0, 1) * (1 - self._strength) + result * self._strength
        given_back: Levels = (result * largest).round().astype(frame.dtype)
        whole = self._end_scale == self._network.scale
        return given_back if whole else by_area(given_back, frame, self._end_scale)

    def _memory(self, grey: NDArray[Any], large: Planes) -> Planes:
        """`(H, W, 3 · scale²)`, from the frame enlarged by bicubic."""
        scale = self._network.scale
        height, width = (side // scale for side in grey.shape)
        if not self.state or self.state["grey"].shape != grey.shape:
            return np.zeros((height, width, 3 * scale**2), np.float32)
        motion = flow(grey, self.state["grey"])
        seen = seen_before(grey, self.state["grey"], motion)
        before = self.state["made"].astype(np.float32) / 65535
        known = moved(before, motion, cv2.INTER_CUBIC) - large
        known = np.where(seen[..., None], known, np.float32(0))
        blocks = known.reshape(height, scale, width, scale, 3).transpose(0, 2, 4, 1, 3)
        memory: Planes = blocks.reshape(height, width, -1)
        return memory


def _bicubic(frame: Planes, scale: int) -> Planes:
    """`(H, W, 3)` by the network's own bicubic."""
    planes = np.ascontiguousarray(frame.transpose(2, 0, 1)[None])
    large: Any = bicubic(planes, scale)[0].transpose(1, 2, 0)
    return np.ascontiguousarray(large)
