"""Pairs of patches from two photos that a homography aligns: local search, tests, cutting."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from wespe.data.aligned.geometry import Frame
from wespe.data.aligned.matching import Grey, Matrix
from wespe.data.aligned.settings import Thresholds
from wespe.photos.images import Pixels

# At the edge of the search the score loses so much: a patch that is alike everywhere stays where
# the homography put it, and one with structure, whose correlation falls far more, is not moved.
_PULL = 0.01


@dataclass(frozen=True)
class Patch:
    """`y`, `x` of a kept patch in the frame, how far the target's was moved, the correlation."""

    y: int
    x: int
    shift_y: float
    shift_x: float
    correlation: float


@dataclass(frozen=True)
class Cut:
    """The kept patches with the pixels of both cameras, uint8 `(N, S, S, 3)`, and why cells were
    refused, by `(y, x)`."""

    patches: list[Patch]
    source: Pixels
    target: Pixels
    refused: dict[tuple[int, int], str]

    def reasons(self) -> Counter[str]:
        return Counter(self.refused.values())


def reduced(photo: Pixels, reduction: float) -> Pixels:
    """The photo without the detail that `reduction` px to one would alias: Gaussian, σ = ½√(r²−1).

    That is the width that a pixel of the result lacks, if one of the photo is blurred by ½ px.
    """
    sigma = 0.5 * float(np.sqrt(max(reduction**2 - 1, 0)))
    return photo if sigma < 0.1 else np.asarray(cv2.GaussianBlur(photo, (0, 0), sigma), np.uint8)


def sample(
    photo: Pixels, matrix: Matrix, *, y: float, x: float, size: tuple[int, int], cubic: bool = True
) -> Pixels:
    """The `size` (height, width) px from `(y, x)` of the frame that `matrix` takes to the photo."""
    moved = matrix @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)
    flags = (cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(
        photo, moved, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def cut(
    source: Pixels, target: Pixels, frame: Frame, *, size_px: int, thresholds: Thresholds
) -> Cut:
    """All pairs of patches of two photos, uint8 `(H, W, 3)`, that pass every test.

    The photos are already `reduced`. Raises nothing: a frame without room gives none.
    """
    cells = inset(frame, thresholds.search_px).cells(size_px)
    refused: dict[tuple[int, int], str] = {}
    found: dict[tuple[int, int], tuple[float, float]] = {}
    greys = [
        _grey_frame(photo, matrix, frame, thresholds)
        for photo, matrix in ((source, frame.to_source), (target, frame.to_target))
    ]
    top, left = frame.box[:2]
    for y, x in cells:
        ours, theirs = (
            grey[y - top - r : y - top + size_px + r, x - left - r : x - left + size_px + r]
            for grey, r in zip(greys, (0, thresholds.search_px), strict=True)
        )
        outcome = search(ours, theirs, thresholds)
        if isinstance(outcome, str):
            refused[y, x] = outcome
        else:
            found[y, x] = outcome
    for place in lonely(found, size_px, thresholds.max_apart_px):
        refused[place] = "apart from its neighbours"
        del found[place]
    return _pixels(source, target, frame, found, refused, size_px, thresholds)


def inset(frame: Frame, margin_px: int) -> Frame:
    """The frame with a smaller box, so that a patch that is moved is still in both photos."""
    top, left, bottom, right = frame.box
    box = (top + margin_px, left + margin_px, bottom - margin_px, right - margin_px)
    return replace(frame, box=box)


def _grey_frame(photo: Pixels, matrix: Matrix, frame: Frame, thresholds: Thresholds) -> Grey:
    """The box of a frame in grey, smoothed."""
    top, left, bottom, right = frame.box
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    size = (max(bottom - top, 1), max(right - left, 1))
    return smooth(sample(grey, matrix, y=top, x=left, size=size, cubic=False), thresholds)


def smooth(grey: Grey, thresholds: Thresholds) -> Grey:
    sigma = thresholds.smooth_px
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8) if sigma else grey


def search(ours: Grey, theirs: Grey, thresholds: Thresholds) -> tuple[float, float] | str:
    """How far `(y, x)` the patch `(S, S)` is from the middle of the larger piece of the target.

    Exact to a fraction of a pixel; or why there is no place.
    """
    radius = thresholds.search_px
    middle = theirs[radius:-radius, radius:-radius]
    if min(float(ours.std()), float(middle.std())) < thresholds.min_std:
        return "flat"
    scores = cv2.matchTemplate(theirs, ours, cv2.TM_CCOEFF_NORMED)
    away = np.arange(-radius, radius + 1, dtype=np.float32) ** 2 / radius**2
    pulled = scores - np.float32(_PULL) * (away[:, None] + away[None, :])
    row, column = map(int, np.unravel_index(pulled.argmax(), pulled.shape))
    if not (0 < row < 2 * radius and 0 < column < 2 * radius):
        # Whatever is there, its true place is outside.
        return "unlike" if scores.max() <= thresholds.min_correlation else "beyond the search"
    y = row - radius + vertex(*scores[row - 1 : row + 2, column].tolist())
    x = column - radius + vertex(*scores[row, column - 1 : column + 2].tolist())
    return y, x


def vertex(before: float, at: float, after: float) -> float:
    """Where a parabola through three neighbouring values has its top, within ±½; 0 if nowhere."""
    curvature = before - 2 * at + after
    if curvature >= 0:
        return 0.0
    return float(np.clip((before - after) / (2 * curvature), -0.5, 0.5))


def lonely(
    shifts: dict[tuple[int, int], tuple[float, float]], size_px: int, max_apart_px: float
) -> list[tuple[int, int]]:
    """The cells whose shift is further than `max_apart_px` from the median of those around."""
    steps = [(dy, dx) for dy in (-size_px, 0, size_px) for dx in (-size_px, 0, size_px) if dy or dx]
    found = []
    for (y, x), shift in shifts.items():
        around = [shifts[y + dy, x + dx] for dy, dx in steps if (y + dy, x + dx) in shifts]
        if around:
            apart = np.hypot(*(np.array(shift) - np.median(around, axis=0)))
            if apart > max_apart_px:
                found.append((y, x))
    return found


def correlation(ours: Grey, theirs: Grey) -> float:
    """The normalised cross-correlation of two grey patches of one shape, −1 to 1; 0 if flat."""
    return float(cv2.matchTemplate(theirs, ours, cv2.TM_CCOEFF_NORMED)[0, 0])


def _pixels(
    source: Pixels,
    target: Pixels,
    frame: Frame,
    found: dict[tuple[int, int], tuple[float, float]],
    refused: dict[tuple[int, int], str],
    size_px: int,
    thresholds: Thresholds,
) -> Cut:
    """Cut the patches, and keep those that are alike as they will be used."""
    patches: list[Patch] = []
    pairs: list[tuple[Pixels, Pixels]] = []
    size = (size_px, size_px)
    for (y, x), (shift_y, shift_x) in found.items():
        ours = sample(source, frame.to_source, y=y, x=x, size=size)
        theirs = sample(target, frame.to_target, y=y + shift_y, x=x + shift_x, size=size)
        greys = [smooth(_grey(patch), thresholds) for patch in (ours, theirs)]
        alike = correlation(*greys)
        if alike <= thresholds.min_correlation:
            refused[y, x] = "unlike"
            continue
        patches.append(Patch(y, x, round(shift_y, 3), round(shift_x, 3), round(alike, 4)))
        pairs.append((ours, theirs))
    return Cut(patches, *_stacked(pairs, size_px), refused)


def _grey(patch: Pixels) -> Grey:
    return np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), np.uint8)


def _stacked(pairs: Sequence[tuple[Pixels, Pixels]], size_px: int) -> tuple[Pixels, Pixels]:
    stacked = np.array(pairs, np.uint8).reshape(-1, 2, size_px, size_px, 3)
    return stacked[:, 0], stacked[:, 1]
