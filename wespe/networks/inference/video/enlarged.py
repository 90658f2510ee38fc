"""The result of a video that a network makes larger: its size, and what follows from that."""

import math
from dataclasses import replace

from wespe.photos.video.clip import (
    UNSPECIFIED,
    Clip,
    Colours,
    matrix_by_height,
    subsampling,
)
from wespe.photos.video.source import VideoError

LARGEST_SIDE_PX = 16_384
"""What x264 encodes."""
LARGEST_MACROBLOCKS = 139_264
"""Of 16 × 16 px, in a frame of H.264's highest level, 6.2: 35.7 megapixels. Source: H.264, A.3.1"""

_SHIFTS = (6, 7)
"""Where a display matrix says by how many px the turned picture is moved."""


def enlarged_clip(clip: Clip, scale: float) -> Clip:
    """The facts of a result `scale` times as wide and high as `clip`.

    A whole factor gives each side exactly; another one gives the nearest even side, since few
    programs play odd ones. Raises VideoError where H.264 has no such frames.
    """
    if scale == 1:
        return clip
    width, height = (_side(side, scale) for side in (clip.width, clip.height))
    _check(clip, width, height)
    matrix = clip.display_matrix
    if matrix:
        matrix = tuple(
            round(value * scale) if place in _SHIFTS else value
            for place, value in enumerate(matrix)
        )
    colours = _colours(clip.colours, width, height)
    return replace(clip, width=width, height=height, colours=colours, display_matrix=matrix)


def _side(side: int, scale: float) -> int:
    return side * int(scale) if scale == int(scale) else max(2, 2 * round(side * scale / 2))


def _check(clip: Clip, width: int, height: int) -> None:
    blocks = math.ceil(width / 16) * math.ceil(height / 16)
    if max(width, height) > LARGEST_SIDE_PX or blocks > LARGEST_MACROBLOCKS:
        largest = LARGEST_MACROBLOCKS * 256 / 1e6
        raise VideoError(
            clip.path,
            f"its result would have frames of {width}×{height} px; expected at most "
            f"{largest:.1f} megapixels and {LARGEST_SIDE_PX} px a side, which H.264 holds",
        )


def _colours(colours: Colours, width: int, height: int) -> Colours:
    """Those of the result, with the chroma that its size allows."""
    from av import VideoFormat

    chroma = subsampling(VideoFormat(colours.layout), width, height)
    bits = "10le" if colours.deep else ""
    tags = dict(colours.tags)
    # Players would take another matrix where the height alone decides.
    if tags.get("colorspace") == UNSPECIFIED and colours.matrix != matrix_by_height(height):
        tags["colorspace"] = colours.matrix
    return replace(colours, pixel_format=f"yuv{chroma}p{bits}", tags=tags)
