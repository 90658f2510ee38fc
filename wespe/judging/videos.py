"""How near a video is to the video that it should be: its frames, its motion, its flicker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.judging.metrics.luma import psnr_y_db
from wespe.networks.inference.video.flicker import NoPairsError, flicker
from wespe.photos.images import Pixels
from wespe.photos.video.clip import read_clip
from wespe.photos.video.colour import pictures
from wespe.photos.video.motion import flow, is_cut
from wespe.photos.video.source import VideoError

BORDER_PX = 8
ENDS = 2
"""Frames that are left out at the start and at the end, as the literature does on Vid4."""


@dataclass(frozen=True)
class Likeness:
    """Means over the frames, or over the pairs of neighbouring ones, of a video."""

    frames: int
    """How many were compared."""
    psnr_y_db: float
    """Mean over the frames of the PSNR of luma; equal ones are left out, infinite if all are."""
    t_of_px: float
    """Mean over the pairs of the difference of the motion, see `t_of_px`."""
    flicker: float
    """Mean |Δy − Δx|, in levels of 255, see `wespe.networks.inference.video.flicker`."""
    t_lp: float | None = None
    """Mean over the pairs of the difference of what changes to the eye, see `t_lp`; None where it
    is not asked for."""


def t_of_px(
    before: tuple[Pixels, Pixels], now: tuple[Pixels, Pixels], *, border_px: int = 0
) -> float:
    """By how much the motion of a result differs from the true one, in px.

    Two neighbouring frames, uint8 `(H, W, 3)`, of truth and result each. The mean length, over H
    and W without `border_px`, of the difference of their optical flows (DIS). Source: tOF, Chu et
    al., TecoGAN, 2020, section 4.2; by that length, as in its code, where the paper writes an L1
    norm. Its flow is Farnebäck's, so that figures compare only with others by the same flow.
    """
    true, made = (
        flow(*(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in pair))
        for pair in zip(now, before, strict=True)
    )
    return float(np.linalg.norm(_inner(true - made, border_px), axis=-1).mean())


def t_lp(
    frames: Iterable[tuple[Pixels, Pixels]], *, weights: Path | None, border_px: int = 0
) -> float:
    """By how much a result changes more or less from frame to frame than the truth, to the eye.

    The mean over pairs of neighbouring frames, of one scene, of the absolute difference of two
    distances, that of the result's frames and that of the true ones. `frames`, `border_px` and what
    it raises: as in `likeness`; `weights` as in `vgg_distance`, which is the distance. Source: tLP,
    Chu et al., TecoGAN, 2020, section 4.2, which has LPIPS, so that its figures are others.
    """
    from wespe.judging.metrics.vgg_distance import LEAST_PX, vgg_distance

    differences = list[float]()
    before: tuple[Pixels, Pixels] | None = None
    for now in frames:
        height, width = (side - 2 * border_px for side in now[0].shape[:2])
        if min(height, width) < LEAST_PX:
            raise ValueError(
                f"expected {LEAST_PX} px a side for t_lp, got {width}×{height} within the border"
            )
        if before and not is_cut(now[0], before[0]):
            true, made = (
                vgg_distance(*(_inner(frame, border_px) for frame in pair), weights=weights)
                for pair in zip(now, before, strict=True)
            )
            differences.append(abs(made - true))
        before = now
    if not differences:
        raise NoPairsError
    return float(np.mean(differences))


def likeness(frames: Iterable[tuple[Pixels, Pixels]], *, border_px: int = 0) -> tuple[float, float]:
    """Mean PSNR of luma in dB, and mean `t_of_px`, of frames of truth and result.

    `frames`: pair by pair, uint8 `(H, W, 3)`, all of one size; a border of `border_px` counts for
    neither. Frames that are equal, such as black ones, have no PSNR: it is infinite if all are.
    Pairs of frames between which the truth is cut have no motion. Memory: two frames. Raises
    NoPairsError where there are not two frames of one scene.
    """
    levels, motions = list[float](), list[float]()
    before: tuple[Pixels, Pixels] | None = None
    for now in frames:
        true, made = (_inner(frame, border_px) for frame in now)
        levels.append(psnr_y_db(made, true))
        if before and not is_cut(now[0], before[0]):
            motions.append(t_of_px(before, now, border_px=border_px))
        before = now
    if not motions:
        raise NoPairsError
    finite = [level for level in levels if isfinite(level)] or levels
    return float(np.mean(finite)), float(np.mean(motions))


def compare_videos(
    truth: Path,
    result: Path,
    *,
    border_px: int = BORDER_PX,
    ends: int = ENDS,
    vgg_weights: Path | None = None,
) -> Likeness:
    """How near a video is to the true one, without `ends` frames at the start and at the end.

    Without a border of `border_px`, which flicker alone is measured in too. `vgg_weights`: a file
    of VGG-19's convolutions, with which `t_lp` is measured too. Raises VideoError for a
    file that cannot be used, for videos of another size or length, and where nothing is left to
    compare; ValueError for `border_px` or `ends` out of range.
    """
    clips = read_clip(truth), read_clip(result)
    sizes = [f"{clip.frames} frames of {clip.width}×{clip.height}" for clip in clips]
    if sizes[0] != sizes[1]:
        raise VideoError(result, f"expected {sizes[0]}, as {truth} has, got {sizes[1]}")
    clip = clips[0]
    count = clip.frames - 2 * ends
    if ends < 0:
        raise ValueError(f"ends: expected 0 or more, got {ends}")
    if count < 2:
        beside = f", {2 * ends} for the ends and two to compare" if ends else ""
        raise VideoError(truth, f"expected {2 * ends + 2} frames{beside}, got {clip.frames}")
    if not 0 <= border_px < min(clip.width, clip.height) / 2:
        raise ValueError(f"border: expected to leave some of {sizes[0]}, got {border_px} px")

    def frames() -> Iterator[tuple[Pixels, Pixels]]:
        true, made = map(pictures, clips)
        return islice(zip(true, made, strict=True), ends, ends + count)

    try:
        psnr, motion = likeness(frames(), border_px=border_px)
        changes = t_lp(frames(), weights=vgg_weights, border_px=border_px) if vgg_weights else None
        return Likeness(count, psnr, motion, flicker(frames()).added, changes)
    except NoPairsError as error:
        raise VideoError(truth, str(error)) from error


def _inner(image: NDArray[Any], border_px: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    return image[border_px : height - border_px, border_px : width - border_px]
