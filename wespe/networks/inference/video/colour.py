"""Frames of a video to upright RGB and back, by the clip's own matrix and range."""

from typing import TYPE_CHECKING

import numpy as np

from wespe.networks.inference.video.clip import FULL, Clip, decoded
from wespe.networks.inference.video.hdr import ToSdr
from wespe.photos.images import AnyPixels

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import Interpolation

Levels = AnyPixels
"""`(H, W, 3)` upright RGB: uint8, or uint16 over the whole range for more than 8 bits."""


class ToRgb:
    """Stored frames of a clip → upright RGB, whose primaries and curve are taken for sRGB's.

    Those of an HDR clip are turned into SDR on the way.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._to_sdr = ToSdr(next(decoded(clip))) if clip.colours.hdr else None

    def __call__(self, frame: "VideoFrame") -> Levels:
        levels = (self._to_sdr or self._converted)(frame).to_ndarray()
        return np.ascontiguousarray(np.rot90(levels, self._clip.quarter_turns))

    def _converted(self, frame: "VideoFrame") -> "VideoFrame":
        colours = self._clip.colours
        return frame.reformat(
            format="rgb48le" if colours.deep else "rgb24",
            src_colorspace=colours.matrix,
            src_color_range=FULL if frame.format.is_rgb else colours.range,
            dst_color_range=FULL,
            interpolation=_interpolation(),
        )


def to_frame(rgb: Levels, clip: Clip) -> "VideoFrame":
    """Upright RGB, as `ToRgb` gives it → a frame to encode, tagged as the result is."""
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
