"""Where one photo is in another: SIFT keypoints, their matches, and a robust homography."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.data.aligned.settings import Thresholds

Grey = NDArray[np.uint8]
Points = NDArray[np.float32]
Matrix = NDArray[np.float64]

# Underexposed photos have weak keypoints; the strongest are chosen anyway.
_CONTRAST = 0.02
_CONFIDENCE, _ITERATIONS = 0.9999, 10_000


@dataclass(frozen=True)
class Features:
    """Keypoints `(N, 2)` as x, y in px of the reduced photo, `(N, 128)` descriptors of length 1,
    and the matrix from px of the reduced photo to those of the whole."""

    points: Points
    descriptors: NDArray[np.float32]
    enlarge: Matrix


@dataclass(frozen=True)
class Registration:
    """How two photos fit: numbers of keypoints, matches and inliers, the median distance of the
    inliers from the homography in target px at `detect_px`, and the homography from px of the
    source to px of the target; None where there are too few matches for one."""

    keypoints: tuple[int, int]
    matches: int
    inliers: int
    residual_px: float | None
    homography: Matrix | None


def find_features(grey: Grey, thresholds: Thresholds) -> Features:
    """SIFT keypoints of a grey photo `(H, W)`, found at `detect_px`, as RootSIFT.

    Source: Lowe 2004; Arandjelović and Zisserman 2012.
    """
    height, width = grey.shape
    factor = min(1.0, thresholds.detect_px / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    detector = cv2.SIFT.create(
        thresholds.keypoints, contrastThreshold=_CONTRAST, enable_precise_upscale=True
    )
    found, descriptors = detector.detectAndCompute(reduced, None)
    enlarge = scaling(width / size[0], height / size[1])
    if descriptors is None:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), enlarge)
    sums = descriptors.sum(axis=1, keepdims=True)
    roots = np.sqrt(descriptors / np.maximum(sums, 1e-6)).astype(np.float32)
    # Where several are equally strong, SIFT gives more than was asked for.
    points = np.array([point.pt for point in found], np.float32)[: thresholds.keypoints]
    return Features(points, roots[: thresholds.keypoints], enlarge)


def scaling(x: float, y: float) -> Matrix:
    """The matrix that scales px coordinates, where whole numbers are the middles of pixels."""
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]], np.float64)


def register(source: Features, target: Features, thresholds: Thresholds) -> Registration:
    """Match keypoints and fit a homography to them. The same features give the same one."""
    counts = (len(source.points), len(target.points))
    ours, theirs = match(source.descriptors, target.descriptors, ratio=thresholds.match_ratio)
    here, there = source.points[ours], target.points[theirs]
    none = Registration(counts, len(ours), 0, None, None)
    if len(ours) < 4:
        return none
    fitted, mask = cv2.findHomography(
        here,
        there,
        cv2.USAC_MAGSAC,
        thresholds.inlier_px,
        maxIters=_ITERATIONS,
        confidence=_CONFIDENCE,
    )
    if fitted is None or not np.isfinite(fitted).all() or abs(np.linalg.det(fitted)) < 1e-12:
        return none
    inside = mask.ravel().astype(bool)
    if not inside.any():
        return none
    reduced = np.asarray(fitted, np.float64)
    projected = project(reduced, here[inside].astype(np.float64))
    residual = float(np.median(np.linalg.norm(projected - there[inside], axis=1)))
    whole = target.enlarge @ reduced @ inverse(source.enlarge)
    return Registration(counts, len(ours), int(inside.sum()), residual, whole / whole[2, 2])


def match(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], *, ratio: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of matching descriptors `(N, 128)` and `(M, 128)` of length 1.

    A match is the nearest of both to each other, and nearer than `ratio` times the second nearest.
    """
    if len(ours) < 2 or len(theirs) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    similar = ours @ theirs.T
    numbers = np.arange(len(ours))
    best, back = similar.argmax(axis=1), similar.argmax(axis=0)
    nearest = _distance(similar[numbers, best])
    similar[numbers, best] = -1
    good = (back[best] == numbers) & (nearest < ratio * _distance(similar.max(axis=1)))
    return numbers[good], best[good]


def _distance(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.maximum(2 - 2 * similarity, 0))


def inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def project(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points `(N, 2)`, x and y, under a homography."""
    images = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    projected: NDArray[np.float64] = images[:, :2] / images[:, 2:]
    return projected
