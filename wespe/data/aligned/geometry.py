"""What a homography shows about two photos: whether it is plausible, and their common part."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.data.aligned.matching import Matrix, inverse, project, scaling

Shape = tuple[int, int]

_ROWS = 256  # a rectangle's upper and lower side are looked for among so many


@dataclass(frozen=True)
class Frame:
    """The pixels that the patches are cut from: those of the source, reduced where the target's
    are larger.

    `to_source` and `to_target` take px of the frame to px of the photos; `box` is what both have in
    common, `(top, left, bottom, right)`; `reductions` say how many px of source and target make one
    of the frame, along a side, and `magnification` how many of the target one of the source.
    """

    to_source: Matrix
    to_target: Matrix
    box: tuple[int, int, int, int]
    reductions: tuple[float, float]
    magnification: float

    def cells(self, size_px: int) -> list[tuple[int, int]]:
        """`(y, x)` of patches side by side in the middle of the box, row by row."""
        top, left, bottom, right = self.box
        rows, columns = (bottom - top) // size_px, (right - left) // size_px
        y0 = top + (bottom - top - rows * size_px) // 2
        x0 = left + (right - left - columns * size_px) // 2
        return [
            (y0 + row * size_px, x0 + column * size_px)
            for row in range(max(rows, 0))
            for column in range(max(columns, 0))
        ]


def problem(homography: Matrix, source: Shape, target: Shape, *, max_stretch: float) -> str | None:
    """Why a homography between photos of these (height, width) cannot be true; None if it can."""
    for matrix, shape in ((homography, source), (inverse(homography), target)):
        corners = _corners(shape)
        depths = np.column_stack([corners, np.ones(4)]) @ matrix[2]
        if depths.min() * depths.max() <= 0:
            return "degenerate homography: it folds a photo over"
    stretches = _magnifications(homography, _corners(source))
    if np.linalg.det(homography) < 0:
        return "degenerate homography: it mirrors the photo"
    stretch = float(stretches.max() / max(stretches.min(), 1e-9))
    if stretch > max_stretch:
        return f"degenerate homography: it stretches by {stretch:.1f}, more than {max_stretch:g}"
    return None


def frame(homography: Matrix, source: Shape, target: Shape, *, max_enlarge: float) -> Frame:
    """The pixels of the poorer of two photos, and the largest rectangle within both."""
    common = common_rectangle(homography, source, target)
    top, left, bottom, right = common
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    magnifications = _magnifications(homography, corners)
    # Along both sides: a photo has more pixels where the product is larger.
    scale = float(np.sqrt(magnifications.prod(axis=1).min()))
    factor = 1.0 if scale * max_enlarge >= 1 else scale
    to_source = scaling(1 / factor, 1 / factor)
    x0, y0, x1, y1 = project(inverse(to_source), corners[[0, 2]]).ravel()
    box = (int(np.ceil(y0)), int(np.ceil(x0)), int(np.floor(y1)) + 1, int(np.floor(x1)) + 1)
    return Frame(
        to_source, homography @ to_source, box, (1 / factor, max(scale / factor, 1.0)), scale
    )


def common_rectangle(
    homography: Matrix, source: Shape, target: Shape
) -> tuple[float, float, float, float]:
    """The largest upright rectangle of the source, in its px, that the target shows all of.

    `(top, left, bottom, right)`, the middles of the outermost pixels; empty where they share
    nothing.
    """
    seen = project(inverse(homography), _corners(target)).astype(np.float32)
    area, polygon = cv2.intersectConvexConvex(seen, _corners(source).astype(np.float32))
    if area <= 0 or polygon is None:
        return 0.0, 0.0, -1.0, -1.0
    corners = polygon.reshape(-1, 2).astype(np.float64)
    rows = np.linspace(corners[:, 1].min(), corners[:, 1].max(), _ROWS)
    left, right = _sides(corners, rows)
    # Convex: what lies inside on the upper and the lower side does so between them.
    widths = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    areas = np.maximum(widths, 0) * np.maximum(rows[None, :] - rows[:, None], 0)
    upper, lower = np.unravel_index(areas.argmax(), areas.shape)
    return (
        float(rows[upper]),
        float(max(left[upper], left[lower])),
        float(rows[lower]),
        float(min(right[upper], right[lower])),
    )


def _sides(
    corners: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The leftmost and rightmost x of a convex polygon in each row."""
    left, right = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        within = (rows >= min(y0, y1)) & (rows <= max(y0, y1))
        # A level edge is two corners, and those are on the edges beside it.
        share = (rows[within] - y0) / (y1 - y0) if y1 != y0 else np.zeros(within.sum())
        x = x0 + share * (x1 - x0)
        left[within] = np.minimum(left[within], x)
        right[within] = np.maximum(right[within], x)
    return left, right


def _magnifications(homography: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest and smallest magnification at each of the points `(N, 2)`: `(N, 2)`."""
    depths = points @ homography[2, :2] + homography[2, 2]
    images = project(homography, points)
    jacobians = (
        homography[None, :2, :2] - images[:, :, None] * homography[None, 2:3, :2]
    ) / depths[:, None, None]
    return np.asarray(np.linalg.svd(jacobians, compute_uv=False), np.float64)


def _corners(shape: Shape) -> NDArray[np.float64]:
    height, width = shape
    return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
