"""Pieces of a video as H.264, each complete by itself, in files of exact packets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.core.parallel import available_cores
from wespe.photos.video.clip import Clip

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

CRF = 18.0
"""Of x264, 0 to 51: at 18 the loss is hardly visible, and 6 more halve the size."""
_PRESET = "medium"
_MOST_THREADS = 16
_AVX512_SKX = 256  # OpenCV's number for it.


class Piece(NamedTuple):
    """Encoded frames, in the order in which they are decoded."""

    content: NDArray[np.uint8]
    """Their packets, one behind the other."""
    packets: NDArray[np.int64]
    """A row each: bytes, time and duration in ticks of the clip, 1 for a key frame."""


def check_crf(crf: float) -> None:
    """Raise ValueError for a `crf` that x264 does not have."""
    if not 0 <= crf <= 51:
        raise ValueError(f"crf must be from 0 to 51, got {crf:g}")


def configure(context: "VideoCodecContext", clip: Clip, crf: float) -> None:
    """Make an x264 encoder that of `clip`: its size, times, colours and pixels' shape."""
    from av.codec.context import Flags

    context.width, context.height = clip.width, clip.height
    context.pix_fmt = clip.colours.pixel_format
    context.time_base, context.framerate = clip.time_base, clip.rate
    if clip.pixel_aspect:
        context.sample_aspect_ratio = clip.pixel_aspect
    for tag, value in clip.colours.tags.items():
        setattr(context, tag, value)
    # The parameter sets go once into the file's header; frames keep their own durations.
    context.flags |= Flags.global_header | Flags.frame_duration | Flags.bitexact
    # More than the rows of a frame have work for is x264's to limit. The same number gives the same
    # bits; pieces by different numbers, as after a move to another machine, fit together.
    context.thread_count = min(available_cores(), _MOST_THREADS)
    context.options = {"crf": f"{crf:g}", "preset": _PRESET, **_instructions()}


def _instructions() -> dict[str, str]:
    """Without AVX-512, whose part in the macroblock tree gives other bits in one run of four.

    Seen with x264 165 on Zen 4: 40 runs by AVX2 were the same. It is as fast. Where there is no
    AVX-512 x264 chooses itself.
    """
    return {"x264-params": "asm=AVX2"} if cv2.checkHardwareSupport(_AVX512_SKX) else {}


def encode(frames: Iterable["VideoFrame"], clip: Clip, crf: float) -> Piece:
    """Encode frames by a fresh encoder, so that nothing refers to another piece.

    `frames`, at least one, carry their times.
    """
    from av import CodecContext

    encoder = CodecContext.create("libx264", "w")
    configure(encoder, clip, crf)
    content, rows = bytearray(), []

    def take(frame: "VideoFrame | None") -> None:
        for packet in encoder.encode(frame):
            content.extend(bytes(packet))
            rows.append((packet.size, packet.pts, packet.duration or 0, packet.is_keyframe))

    for frame in frames:
        take(frame)
    take(None)
    return Piece(np.frombuffer(bytes(content), np.uint8), np.array(rows, np.int64))
