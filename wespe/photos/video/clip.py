"""What a result shares with its video, and the video's frames one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wespe.photos.video.deinterlace import Deinterlacer
from wespe.photos.video.source import (
    VideoError,
    count_packets,
    main_stream,
    opened,
    read_only,
)

if TYPE_CHECKING:
    from av import VideoFormat, VideoFrame
    from av.container import InputContainer

LIMITED, FULL = 1, 2
_BT601, _BT709, BT2020 = 5, 1, 9
UNSPECIFIED = 2
_HDR = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Colours:
    """The meaning of a frame's numbers; numbers of matrix and tags as in ITU-T H.273."""

    pixel_format: str
    """The one to encode: as the source's, with 8 or 10 bits."""
    matrix: int
    range: int
    """LIMITED or FULL."""
    tags: dict[str, int]
    """What the source states about itself; may be empty."""
    layout: str = ""
    """The source's own pixel format, in FFmpeg's words; its bits may be more or fewer."""
    hdr: str = ""
    """The curve of an HDR source, PQ or HLG. All above is then that of its SDR result."""

    @property
    def deep(self) -> bool:
        """Whether channels have more than 8 bits."""
        return self.pixel_format.endswith("10le")


@dataclass(frozen=True)
class Clip:
    """The facts of a video; sizes are those of its frames as they are stored."""

    path: Path
    width: int
    height: int
    start: Fraction
    """The time in s at which the first of its streams begins; the result begins at 0."""
    time_base: Fraction
    """Of the frames that are made."""
    rate: Fraction
    """Frames per second that are made, on average."""
    frames: int
    """The number of frames to make, counted by packets."""
    double_rate: bool
    """Whether an interlaced frame gives two, one for each field."""
    colours: Colours
    pixel_aspect: Fraction | None
    display_matrix: tuple[int, ...] | None
    quarter_turns: int
    """Counter-clockwise, that make a stored frame upright."""
    notes: tuple[str, ...]
    """What of the pixels cannot be kept, in words."""


def read_clip(path: Path, *, double_rate: bool = False) -> Clip:
    """The facts of a video. Reads the whole file once, to find a cut before hours of work.

    `double_rate` makes a frame of each field of interlaced frames. Raises VideoError for a file
    that is missing, empty, no video, cut off, encrypted, or of a codec that has no decoder.
    """
    frames = count_packets(path)
    with opened(path) as container:
        stream = main_stream(path, container)
        first = next(container.decode(stream), None)
        if first is None:
            raise VideoError(path, "no frame can be decoded")
        assert stream.time_base
        # What decides is the first frame; the times have room for two of each in any case.
        doubled = 2 if double_rate and first.interlaced_frame else 1
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        colours, notes = _colours(first)
        # VP9 has it beside the frames, and their decoder does not report it.
        beside = {key.lower(): value for key, value in stream.metadata.items()}
        if beside.get("alpha_mode") == "1":
            notes = (*notes, "transparency dropped")
        return Clip(
            path=path,
            width=first.width,
            height=first.height,
            start=max(Fraction(container.start_time or 0, 1_000_000), Fraction(0)),
            time_base=stream.time_base / (2 if double_rate else 1),
            rate=rate * doubled,
            frames=frames * doubled,
            double_rate=double_rate,
            colours=colours,
            pixel_aspect=stream.sample_aspect_ratio,
            display_matrix=_display_matrix(first),
            quarter_turns=round(first.rotation / 90) % 4,
            notes=notes,
        )


def _colours(frame: "VideoFrame") -> tuple[Colours, tuple[str, ...]]:
    """How a frame's numbers are meant and to be encoded, and what is lost, in words."""
    hdr = _HDR.get(frame.color_trc, "")
    bits = max(component.bits for component in frame.format.components)
    notes = [f"{bits} bits reduced to 10"] if bits > 10 and not hdr else []
    if hdr:
        notes.append(f"HDR ({hdr}) converted to 8-bit SDR")
    if any(component.is_alpha for component in frame.format.components):
        notes.append("transparency dropped")
    full = frame.color_range == FULL or frame.format.name.startswith("yuvj")
    tags = {
        "colorspace": frame.colorspace,
        "color_range": frame.color_range,
        "color_primaries": frame.color_primaries,
        "color_trc": frame.color_trc,
    }
    # For a video that does not state its matrix, it follows from the height, as in players.
    known = {1: _BT709, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: 9}
    matrix = known.get(frame.colorspace, matrix_by_height(frame.height))
    if frame.format.is_rgb:
        full, matrix, notes = False, _BT709, [*notes, "RGB stored as YCbCr"]
        tags |= {"colorspace": _BT709, "color_range": LIMITED}
    chroma = subsampling(frame.format, frame.width, frame.height)
    if hdr:
        tags = dict.fromkeys(tags, _BT709) | {"color_range": LIMITED}
        colours = Colours(f"yuv{chroma}p", _BT709, LIMITED, tags, frame.format.name, hdr)
        return colours, tuple(notes)
    pixel_format = f"yuv{chroma}p{'10le' if bits > 8 else ''}"
    whole = FULL if full else LIMITED
    return Colours(pixel_format, matrix, whole, tags, frame.format.name), tuple(notes)


def matrix_by_height(height: int) -> int:
    """The matrix that players take where a video states none."""
    return _BT709 if height >= 720 else _BT601


def subsampling(layout: "VideoFormat", width: int, height: int) -> str:
    """The source's chroma subsampling, or the next finer one that H.264 has for this size."""
    if layout.is_rgb or width % 2:
        return "444"
    grey = len(layout.components) < 3
    halved = grey or layout.chroma_width(width) < width
    if halved and not height % 2 and (grey or layout.chroma_height(height) < height):
        return "420"
    return "422" if halved else "444"


def _display_matrix(frame: "VideoFrame") -> tuple[int, ...] | None:
    sides: Any = frame.side_data  # typed as a mapping from names, which it is not
    for side in sides:
        if side.type.name == "DISPLAYMATRIX":
            return tuple(np.frombuffer(bytes(side), np.int32).tolist())
    return None


def decoded(clip: Clip, deinterlacer: Deinterlacer | None = None) -> Iterator["VideoFrame"]:
    """The frames of a clip, each later than the one before, with times in ticks of the clip.

    They are as they are stored, but for interlaced ones, which `deinterlacer`, or one of its own,
    makes whole. Raises VideoError for what cannot be decoded and for frames of another size.
    """
    latest: int | None = None
    whole = deinterlacer or Deinterlacer(double_rate=clip.double_rate)
    with opened(clip.path) as container:
        for frame in whole(_stored(clip, container)):
            assert frame.pts is not None
            assert frame.time_base
            for name, ticks in (("pts", frame.pts), ("duration", frame.duration)):
                setattr(frame, name, int(ticks * frame.time_base / clip.time_base))
            # Two frames of one time, as damaged files have, cannot be stored: a tick apart.
            latest = frame.pts if latest is None else max(frame.pts, latest + 1)
            frame.pts = latest
            frame.time_base = clip.time_base
            yield frame


def _stored(clip: Clip, container: "InputContainer") -> Iterator["VideoFrame"]:
    """The frames of a clip's file in their order, from the time at which the clip starts."""
    stream = main_stream(clip.path, container)
    read_only(container, [stream])
    stream.thread_type = "AUTO"
    assert stream.time_base
    start, latest = round(clip.start / stream.time_base), 0
    step = round(1 / (stream.average_rate or clip.rate) / stream.time_base)
    for number, frame in enumerate(container.decode(stream)):
        if (frame.width, frame.height) != (clip.width, clip.height):
            raise VideoError(
                clip.path,
                f"expected frames of {clip.width}×{clip.height} px, "
                f"frame {number} has {frame.width}×{frame.height}",
            )
        if len(frame.format.components) < 3:
            frame = _with_chroma(frame, clip.colours.pixel_format)
        time = frame.pts if frame.pts is not None else frame.dts
        if time is None:
            time = start if number == 0 else latest + start + step
        frame.pts, frame.time_base = time - start, stream.time_base
        latest = frame.pts
        yield frame


def _with_chroma(grey: "VideoFrame", pixel_format: str) -> "VideoFrame":
    """A grey frame with the same luma. FFmpeg's scaler takes any grey for one of full range."""
    frame = grey.reformat(format=pixel_format, src_color_range=FULL, dst_color_range=FULL)
    frame.color_range = grey.color_range
    return frame
