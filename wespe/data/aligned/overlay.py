"""The picture that shows whether two photos are aligned."""

import cv2
import numpy as np

from wespe.data.aligned.geometry import Frame
from wespe.data.aligned.patches import Cut, sample
from wespe.photos.images import Pixels, shrunk

LONG_SIDE_PX = 1600
_KEPT, _OTHER = (0, 220, 0), (230, 0, 0)
COLORS = {
    "flat": (0, 120, 255),
    "unlike": (230, 0, 0),
    "beyond the search": (255, 160, 0),
    "apart from its neighbours": (255, 0, 255),
}


def draw(
    source: Pixels, target: Pixels, frame: Frame | None, made: Cut | None, size_px: int
) -> Pixels:
    """A chessboard of both photos, at most 1600 px: lines go on from field to field if they fit.

    Green crosses mark patches that are kept, crosses in `COLORS` those that are not. Without a
    frame both photos stand side by side.
    """
    if frame is None or made is None:
        return _side_by_side(source, target)
    top, left, bottom, right = frame.box
    height, width = bottom - top, right - left
    factor = min(1.0, LONG_SIDE_PX / max(height, width))
    ours, theirs = (
        shrunk(
            sample(photo, matrix, y=top, x=left, size=(height, width), cubic=False), LONG_SIDE_PX
        )
        for photo, matrix in ((source, frame.to_source), (target, frame.to_target))
    )
    # The fields' borders run through the middles of the patches, so that lines meet there.
    cells = [(patch.y, patch.x) for patch in made.patches] + list(made.refused)
    y0, x0 = (min((cell[axis] for cell in cells), default=0) + size_px // 2 for axis in (0, 1))
    rows = (np.arange(ours.shape[0]) / factor + top - y0) // size_px
    columns = (np.arange(ours.shape[1]) / factor + left - x0) // size_px
    board = (rows[:, None] + columns[None, :]) % 2 == 0
    picture = np.where(board[..., None], ours, theirs)
    for patch in made.patches:
        _cross(picture, patch.y, patch.x, frame, factor, size_px, _KEPT)
    for (y, x), reason in made.refused.items():
        _cross(picture, y, x, frame, factor, size_px, COLORS.get(reason, _OTHER))
    return picture


def _side_by_side(source: Pixels, target: Pixels) -> Pixels:
    panes = [shrunk(photo, LONG_SIDE_PX // 2) for photo in (source, target)]
    tallest = max(len(pane) for pane in panes)
    return np.hstack([np.pad(pane, ((0, tallest - len(pane)), (0, 0), (0, 0))) for pane in panes])


def _cross(
    picture: Pixels,
    y: int,
    x: int,
    frame: Frame,
    factor: float,
    size_px: int,
    color: tuple[int, int, int],
) -> None:
    middle = (
        round((x + size_px / 2 - frame.box[1]) * factor),
        round((y + size_px / 2 - frame.box[0]) * factor),
    )
    marker = max(5, round(size_px * factor / 6))
    cv2.drawMarker(picture, middle, color, cv2.MARKER_CROSS, marker, 1, cv2.LINE_AA)
