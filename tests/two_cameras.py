"""Two cameras' photos of one scene with known truth: homography, blur, noise, colour, exposure."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.data.aligned.matching import project, scaling
from wespe.data.aligned.pair import Report
from wespe.photos.images import Pixels

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Cameras:
    """How the two differ; the defaults are a small phone and a larger camera held beside it."""

    source_scale: float = 0.6
    """Px of the source for one of the scene."""
    target_scale: float = 0.85
    rotation_deg: float = 4.0
    """The largest turn between the two."""
    perspective: float = 0.03
    """How far corners move at most, as a share of the photo's width."""
    blur_px: float = 1.0
    """Of the source, in its px."""
    noise: float = 4.0
    """Standard deviation in the source, in grey levels."""
    gain_ev: float = 0.7
    """The largest difference of exposure."""
    tint: float = 0.15
    """The largest change of a channel's gain."""
    gamma: float = 1.25
    jpeg_quality: int = 88
    """Of the source."""
    distortion: float = 0.0
    """By how much of its distance from the middle the target's lens moves a corner outwards."""


@dataclass(frozen=True)
class Shot:
    """Two photos, uint8 `(H, W, 3)`, and the truth: the homography from px of source to target,
    before the distortion of the target's lens."""

    source: Pixels
    target: Pixels
    homography: Matrix
    distortion: float

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points `(N, 2)` of the source, x and y, are in the target."""
        return _distorted(project(self.homography, points), self.target, self.distortion)


def shoot(scene: Pixels, cameras: Cameras, generator: np.random.Generator) -> Shot:
    """Both photos of a scene; each sees about 90 % of it."""
    views = [
        _view(scene, scale, cameras, generator)
        for scale in (cameras.source_scale, cameras.target_scale)
    ]
    (source, to_source), (target, to_target) = views
    return Shot(
        _look(source, cameras, generator),
        _through_lens(target, cameras.distortion),
        to_target @ np.linalg.inv(to_source),
        cameras.distortion,
    )


def _distorted(
    points: NDArray[np.float64], photo: Pixels, distortion: float
) -> NDArray[np.float64]:
    middle = (np.array(photo.shape[1::-1]) - 1) / 2
    away = points - middle
    square = (away**2).sum(axis=-1, keepdims=True) / (middle**2).sum()
    return np.asarray(middle + away * (1 + distortion * square))


def _through_lens(photo: Pixels, distortion: float) -> Pixels:
    if not distortion:
        return photo
    height, width = photo.shape[:2]
    wanted = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)
    straight = wanted
    for _ in range(20):  # the inverse, as a fixed point
        straight = straight + wanted - _distorted(straight, photo, distortion)
    maps = straight.astype(np.float32)
    no_second: Any = None  # the types of OpenCV want it
    bent = cv2.remap(photo, maps, no_second, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(bent, np.uint8)


def _view(
    scene: Pixels, scale: float, cameras: Cameras, generator: np.random.Generator
) -> tuple[Pixels, Matrix]:
    height, width = scene.shape[:2]
    size = (int(width * scale * 0.9), int(height * scale * 0.9))
    turn = np.deg2rad(generator.uniform(-0.5, 0.5) * cameras.rotation_deg)
    corners = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float64)
    middle = np.array(size) / 2
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (corners - middle) @ rotation.T / scale + np.array([width, height]) / 2
    moved += generator.uniform(-0.5, 0.5, (4, 2)) * cameras.perspective * width
    matrix = cv2.getPerspectiveTransform(
        moved.astype(np.float32), corners.astype(np.float32)
    ).astype(np.float64)
    sigma = 0.5 * np.sqrt(max(1 / scale**2 - 1, 0))
    soft = cv2.GaussianBlur(scene, (0, 0), sigma) if sigma else scene
    view = cv2.warpPerspective(
        soft, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(view, np.uint8), matrix


def _look(photo: Pixels, cameras: Cameras, generator: np.random.Generator) -> Pixels:
    """The photo as the poorer camera renders it."""
    levels: NDArray[Any] = photo.astype(np.float32) / 255
    if cameras.blur_px:
        levels = cv2.GaussianBlur(levels, (0, 0), cameras.blur_px)
    gains = 2 ** generator.uniform(-cameras.gain_ev, cameras.gain_ev) * (
        1 + generator.uniform(-cameras.tint, cameras.tint, 3)
    )
    levels = np.clip(levels * gains.astype(np.float32), 0, 1) ** np.float32(cameras.gamma)
    noise = generator.standard_normal(levels.shape, np.float32) * np.float32(cameras.noise)
    noisy = np.clip(levels * 255 + noise, 0, 255).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, cameras.jpeg_quality]
    _, encoded = cv2.imencode(".jpg", noisy, options)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def residuals_px(report: Report, shot: Shot, size_px: int) -> NDArray[np.float64]:
    """How far the middle of each patch's target is from where it truly is, in px of the patches."""
    if report.homography is None or not report.patches:
        return np.zeros(0)
    assert report.magnification
    reduction = max(1.0, 1 / report.magnification)
    to_source = scaling(reduction, reduction) if reduction > 1.01 else np.eye(3)
    middles = np.array(report.patches)[:, [1, 0]] + (size_px - 1) / 2
    shifts = np.array(report.patches)[:, [3, 2]]
    found = project(np.array(report.homography) @ to_source, middles + shifts)
    true = shot.place(project(to_source, middles))
    return np.asarray(np.linalg.norm(found - true, axis=1) / max(report.magnification, 1.0))
