"""Frames of a video to upright RGB and back, by the clip's own matrix and range."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.photos.images import AnyPixels, Pixels
from wespe.photos.video.clip import FULL, Clip, decoded
from wespe.photos.video.hdr import ToSdr

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.plane import VideoPlane
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


def pictures(clip: Clip) -> Iterator[Pixels]:
    """The frames of a clip as upright RGB of 8 bits."""
    for levels in map(ToRgb(clip), decoded(clip)):
        yield levels if levels.dtype == np.uint8 else (levels / 257).round().astype(np.uint8)


def changed(
    frame: "VideoFrame", source: Levels, result: Levels, clip: Clip, made: Clip
) -> "VideoFrame":
    """A stored frame with what a network changed, to be encoded and tagged as the result is.

    `source` is what `ToRgb` made of `frame` of `clip`, `result` what the network made of that, as
    large as the frames of `made`. What RGB cannot hold of the source, such as luma above white, and
    what its chroma has beside that, is added to the result, so that it stays. HDR and RGB are
    converted as a whole. Captions come along with the frame.
    """
    deep = clip.colours.deep
    stored = _stored(frame, made)
    stored.make_writable()
    # Else the encoder would take over the source's choice of key frames.
    stored.pict_type = 0
    for tag, value in made.colours.tags.items():
        setattr(stored, tag, value)
    after = [_samples(plane, deep) for plane in _ycbcr(result, made).planes]
    into = [_samples(plane, deep) for plane in stored.planes]
    if clip.colours.hdr or frame.format.is_rgb:
        for samples, new in zip(into, after, strict=True):
            samples[:] = new
        return stored
    same = (made.width, made.height) == (clip.width, clip.height)
    small = stored if same else _stored(frame, clip)
    own = [_samples(plane, deep) for plane in small.planes]
    before = [_samples(plane, deep) for plane in _ycbcr(source, clip).planes]
    for samples, new, kept, old in zip(into, after, own, before, strict=True):
        beside = kept.astype(np.int32) - old
        summed = new + _as_large(beside, new.shape)
        samples[:] = summed.clip(0, 1023 if deep else 255)
    return stored


def _stored(frame: "VideoFrame", like: Clip) -> "VideoFrame":
    """A frame in the size and the pixel format that frames of a clip are encoded in."""
    return frame.reformat(
        width=like.width,
        height=like.height,
        format=like.colours.pixel_format,
        src_colorspace=like.colours.matrix,
        dst_colorspace=like.colours.matrix,
        src_color_range=like.colours.range,
        dst_color_range=like.colours.range,
    )


def _as_large(plane: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """`(h, w)` as `(H, W)`, linear between pixels."""
    if plane.shape == shape:
        return plane
    large = cv2.resize(plane.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.rint(large).astype(np.int32)


def _samples(plane: "VideoPlane", deep: bool) -> NDArray[Any]:
    """A plane's own memory, `(height, width)`, uint8 or with `deep` uint16."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    samples = rows.view(np.uint16) if deep else rows
    return samples[: plane.height, : plane.width]


def _ycbcr(rgb: Levels, clip: Clip) -> "VideoFrame":
    """Upright RGB, as `ToRgb` gives it → a stored frame."""
    from av import VideoFrame

    stored = np.ascontiguousarray(np.rot90(rgb, -clip.quarter_turns))
    given = VideoFrame.from_ndarray(stored, format="rgb48le" if clip.colours.deep else "rgb24")
    return given.reformat(
        format=clip.colours.pixel_format,
        dst_colorspace=clip.colours.matrix,
        src_color_range=FULL,
        dst_color_range=clip.colours.range,
        interpolation=_interpolation(),
    )


def _interpolation() -> "Interpolation":
    """Of chroma; by default swscale rounds coarsely and takes the nearest value."""
    from av.video.reformatter import Interpolation

    return (
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )
