"""How much more a result flickers than its source, along the motion."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import Pixels
from wespe.photos.video.clip import Clip, read_clip
from wespe.photos.video.colour import pictures
from wespe.photos.video.motion import flow, moved, seen_before
from wespe.photos.video.source import VideoError

_AREA_SHARE = 1 / 32


class NoPairsError(ValueError):
    """A video whose frames cannot be compared with the ones before."""

    def __init__(self) -> None:
        super().__init__("expected at least two frames of one scene, got none")


@dataclass(frozen=True)
class Flicker:
    """Means over the pairs of neighbouring frames that could be compared, in levels of 255."""

    pairs: int
    left_out: int
    """Pairs of which less than a fifth was seen in both frames, as at a cut."""
    source: float
    """Mean |Δx|, what the source itself changes from frame to frame: noise, light."""
    added: float
    """Mean |Δy − Δx|, what the result changes beyond or against that."""
    added_areas: float
    """The same of large areas, blurred over 1/32 of the short side: pumping brightness and hues."""


def flicker(frames: Iterable[tuple[Pixels, Pixels]]) -> Flicker:
    """The flicker of a result y against its source x.

    `frames` are theirs, pair by pair, uint8 `(H, W, 3)`. Δx is frame t less frame t − 1 moved to
    where the flow between the source's frames has it, and Δy the same of the result, moved by the
    same flow; means run over the pixels seen in both, three channels, and then over t. So a result
    that changes every frame alike has 0, still or moving. Memory: two frames. Raises ValueError for
    frames of different sizes, NoPairsError where there is no pair to compare.
    """
    sums, pairs, left_out = np.zeros(3), 0, 0
    before: tuple[Pixels, Pixels] | None = None
    for source, result in frames:
        if source.shape != result.shape:
            raise ValueError(f"expected frames of one size, got {source.shape}, {result.shape}")
        if before is not None:
            differences = _differences(before, (source, result))
            pairs, left_out = pairs + (differences is not None), left_out + (differences is None)
            sums += 0 if differences is None else differences
        before = source, result
    if not pairs:
        raise NoPairsError
    return Flicker(pairs, left_out, *(sums / pairs).tolist())


def flicker_of_files(source: Path, result: Path, *, frames: int | None = None) -> Flicker:
    """The flicker of a video against its source, of the first `frames` of them or of all.

    A source that is smaller is enlarged by bicubic. Raises VideoError for a file that cannot be
    used, for videos of different lengths or shapes, for a result that is smaller, and for a source
    without two frames of one scene.
    """
    clips = read_clip(source), read_clip(result)
    if clips[0].frames != clips[1].frames or not _fit(*clips):
        sizes = [f"{clip.frames} frames of {clip.width}×{clip.height}" for clip in clips]
        raise VideoError(result, f"expected {sizes[0]}, as {source} has, got {sizes[1]}")
    pairs = zip(*map(pictures, clips), strict=True)
    try:
        return flicker(islice(((_like(x, y), y) for x, y in pairs), frames))
    except NoPairsError as error:
        raise VideoError(source, str(error)) from error


def _fit(source: Clip, result: Clip) -> bool:
    """Whether the result has the source's size, or is the source enlarged."""
    scale = result.width / source.width
    if scale <= 1:
        return (result.width, result.height) == (source.width, source.height)
    # Sides are rounded to even numbers.
    return abs(source.height * scale - result.height) <= 1 + scale


def _like(small: Pixels, large: Pixels) -> Pixels:
    """A frame as large as another."""
    if small.shape == large.shape:
        return small
    resized = cv2.resize(small, large.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _differences(
    before: tuple[Pixels, Pixels], now: tuple[Pixels, Pixels]
) -> NDArray[np.float64] | None:
    """The three means of Flicker for two frames, None where too little was seen in both."""
    grey_before, grey_now = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in (before[0], now[0]))
    motion = flow(grey_now, grey_before)
    seen = seen_before(grey_now, grey_before, motion)
    if not seen.any():
        return None
    own, result = (
        new.astype(np.float32) - moved(old.astype(np.float32), motion)
        for old, new in zip(before, now, strict=True)
    )
    added = np.where(seen[..., None], result - own, 0)
    # Blurred where it is seen alone: what is not seen counts neither as zero nor at all.
    sigma = _AREA_SHARE * min(seen.shape)
    weight = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), sigma)
    areas = cv2.GaussianBlur(added, (0, 0), sigma) / np.maximum(weight, 1e-6)[..., None]
    return np.array([np.abs(values[seen]).mean(dtype=np.float64) for values in (own, added, areas)])
