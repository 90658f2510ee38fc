"""Where the parts of a frame were in the frame before: optical flow, where it can be trusted."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Field = NDArray[np.float32]

_SMALLEST_PX = 32  # Less than that leaves the flow's pyramid no room.
_UNLIKE_LEVELS = 25
_SCENE_SHARE = 0.2


def flow(now: NDArray[Any], before: NDArray[Any]) -> Field:
    """For each pixel of `now`, how far from it it is found in `before`: (H, W, 2), x and y in px.

    Both are grey, uint8 `(H, W)`. Below 32 px there is no motion. Source: DIS (Kroeger et al. 2016)
    as in OpenCV.
    """
    if min(now.shape) < _SMALLEST_PX:
        return np.zeros((*now.shape, 2), np.float32)
    start = np.zeros((*now.shape, 2), np.float32)
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(method.calc(now, before, start), np.float32)


def moved(
    image: NDArray[Any], motion: Field, interpolation: int = cv2.INTER_LINEAR
) -> NDArray[Any]:
    """`image` of the frame before, (H, W) or (H, W, C), as it would be seen now.

    `interpolation`: OpenCV's number.
    """
    rows, columns = np.indices(motion.shape[:2], dtype=np.float32)
    moved: NDArray[Any] = cv2.remap(
        image,
        columns + motion[..., 0],
        rows + motion[..., 1],
        interpolation,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return moved


def seen_before(
    now: NDArray[Any], before: NDArray[Any], motion: Field, back: Field | None = None
) -> NDArray[np.bool_]:
    """Which pixels of `now` were visible in `before` and moved by `motion`, its flow.

    `back`: the flow of `before` to `now`, where it is there already. Left out are those that come
    from outside the frame, those from where the flow back does not return (Sundaram et al. 2010,
    eq. 5: covered ones), and those of another brightness, by over 25 levels over some pixels. Where
    less than a fifth is left, as at a cut, none is.
    """
    height, width = now.shape
    rows, columns = np.indices(now.shape, dtype=np.float32)
    x, y = columns + motion[..., 0], rows + motion[..., 1]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    returns = moved(flow(before, now) if back is None else back, motion)
    gap = ((motion + returns) ** 2).sum(-1)
    lengths = (motion**2).sum(-1) + (returns**2).sum(-1)
    unlike = cv2.absdiff(cv2.blur(now, (5, 5)), cv2.blur(moved(before, motion), (5, 5)))
    seen = inside & (gap <= 0.01 * lengths + 0.5) & (unlike <= _UNLIKE_LEVELS)
    # In another scene some pixels fit by chance.
    return seen if seen.mean() >= _SCENE_SHARE else np.zeros_like(seen)


def is_cut(now: Pixels, before: Pixels) -> bool:
    """Whether a frame, uint8 RGB `(H, W, 3)`, shows another scene than the one before it.

    That is, whether less than a fifth of it was seen there.
    """
    new, old = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (now, before))
    return not seen_before(new, old, flow(new, old)).any()
