"""Frames of a video to upright RGB and back, by the clip's own matrix and range."""

from typing import TYPE_CHECKING

import numpy as np

from wespe.images import AnyPixels
from wespe.inference.video.clip import FULL, Clip

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import Interpolation

Levels = AnyPixels
"""`(H, W, 3)` upright RGB: uint8, or uint16 over the whole range for more than 8 bits."""


def to_rgb(frame: "VideoFrame", clip: Clip) -> Levels:
    """A stored frame → upright RGB, whose primaries and curve are taken for sRGB's."""
    converted = frame.reformat(
        format="rgb48le" if clip.colours.deep else "rgb24",
        src_colorspace=clip.colours.matrix,
        src_color_range=FULL if frame.format.is_rgb else clip.colours.range,
        dst_color_range=FULL,
        interpolation=_interpolation(),
    )
    return np.ascontiguousarray(np.rot90(converted.to_ndarray(), clip.quarter_turns))


def to_frame(rgb: Levels, clip: Clip) -> "VideoFrame":
    """Upright RGB, as `to_rgb` gives it → a frame to encode, tagged as the source is."""
    from av import VideoFrame

    stored = np.ascontiguousarray(np.rot90(rgb, -clip.quarter_turns))
    given = VideoFrame.from_ndarray(stored, format="rgb48le" if clip.colours.deep else "rgb24")
    frame = given.reformat(
        format=clip.colours.pixel_format,
        dst_colorspace=clip.colours.matrix,
        src_color_range=FULL,
        dst_color_range=clip.colours.range,
        interpolation=_interpolation(),
    )
    for tag, value in clip.colours.tags.items():
        setattr(frame, tag, value)
    return frame


def _interpolation() -> "Interpolation":
    """Of chroma; by default swscale rounds coarsely and takes the nearest value."""
    from av.video.reformatter import Interpolation

    return (
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )
