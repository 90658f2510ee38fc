"""The result: the pieces of the video, and all else that its source has, copied."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wespe.inference.video.clip import Clip
from wespe.inference.video.encoding import configure
from wespe.inference.video.kept import read_piece
from wespe.inference.video.source import VideoError, main_stream, opened, read_only

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
# What a container writes of itself.
_LAYOUT_KEYS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})


def result_suffix(suffix: str) -> str:
    """That of a video's result: its own, or `.mkv`, which holds nearly all that others do."""
    return suffix if suffix.lower() in _FORMATS else ".mkv"


def join(pieces: Sequence[Path], clip: Clip, output: Path, *, crf: float) -> list[str]:
    """Write `pieces` and the other streams, chapters and metadata of the source into one file.

    Nothing is decoded. Returns what the file cannot hold, in words. Raises VideoError for what
    FFmpeg cannot write, OSError where the disk refuses.
    """
    import av

    with opened(clip.path) as source:
        try:
            with av.open(
                f"file:{output}",
                "w",
                format=_FORMATS[output.suffix.lower()],
                options=_options(source, output),
            ) as result:
                return _write(pieces, clip, source, result, crf)
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise OSError(error.errno, error.strerror, str(output)) from error
            raise VideoError(clip.path, f"its result cannot be written: {error}") from error


def _options(source: "InputContainer", output: Path) -> dict[str, str]:
    if _FORMATS[output.suffix.lower()] == "matroska":
        return {}
    # Apple's keys, com.apple.quicktime.make, have a place of their own, which hides the usual one.
    keys = "+use_metadata_tags" if any("." in key for key in source.metadata) else ""
    return {"movflags": f"+faststart{keys}"}


def _write(
    pieces: Sequence[Path],
    clip: Clip,
    source: "InputContainer",
    result: "OutputContainer",
    crf: float,
) -> list[str]:
    main = main_stream(clip.path, source)
    video = result.add_stream("libx264", rate=clip.rate)
    configure(video.codec_context, clip, crf)
    _describe(video, main)
    if clip.display_matrix:
        video.set_display_matrix(clip.display_matrix)
    copies, left_out = _copies(source, main, result)
    result.metadata.update(
        {key: value for key, value in source.metadata.items() if key not in _LAYOUT_KEYS}
    )
    if chapters := source.chapters():
        result.set_chapters(chapters)
    result.start_encoding()
    # By time, or the writer would have to hold one stream until another comes.
    for packet in heapq.merge(
        _packets(pieces, video, clip), _copied_packets(source, copies), key=_seconds
    ):
        result.mux_one(packet)
    return left_out


def _describe(copy: "Stream", original: "Stream") -> None:
    copy.metadata.update(original.metadata)
    copy.disposition = original.disposition


def _copies(
    source: "InputContainer", main: "Stream", result: "OutputContainer"
) -> tuple[dict[int, "Stream"], list[str]]:
    """The streams of `result` that take those of `source`, by index, and what has no place."""
    copies, left_out = {}, []
    for stream in source.streams:
        if stream.index == main.index:
            continue
        try:
            if stream.type == "data":
                raise ValueError("data has no common form")
            copies[stream.index] = result.add_stream_from_template(stream)
        except ValueError:
            kind = stream.codec_context.name if stream.codec_context else "unknown"
            left_out.append(f"left out: {stream.type} ({kind})")
        else:
            _describe(copies[stream.index], stream)
    return copies, left_out


def _packets(pieces: Sequence[Path], stream: "VideoStream", clip: Clip) -> Iterator["Packet[Any]"]:
    """The video's packets with times of decoding: those of showing, `delay` frames earlier.

    Encoders make such times themselves, but only within a piece: where the rate varies, those of
    the next piece could come before.
    """
    from av import Packet

    delay = stream.codec_context.reorder_depth
    frame = max(1, round(1 / clip.rate / clip.time_base))
    earlier: list[int] = []
    for path in pieces:
        piece = read_piece(path)
        shown = np.sort(piece.packets[:, 1])
        if not earlier:
            earlier = [int(shown[0]) - frame * (delay - i) for i in range(delay)]
        times = [*earlier, *shown.tolist()]
        ends = np.cumsum(piece.packets[:, 0])
        for number, (size, time, duration, key) in enumerate(piece.packets.tolist()):
            packet = Packet(piece.content[ends[number] - size : ends[number]].tobytes())
            packet.stream, packet.time_base = stream, clip.time_base
            packet.pts, packet.dts, packet.duration = time, times[number], duration or frame
            packet.is_keyframe = bool(key)
            yield packet
        earlier = times[len(times) - delay :]


def _copied_packets(
    source: "InputContainer", copies: Mapping[int, "Stream"]
) -> Iterator["Packet[Any]"]:
    streams = [
        source.streams[index] for index in copies if source.streams[index].type != "attachment"
    ]
    read_only(source, streams)
    for packet in source.demux(streams) if streams else ():
        if packet.size:
            if packet.dts is None:
                packet.dts = packet.pts
            packet.stream = copies[packet.stream.index]
            yield packet


def _seconds(packet: "Packet[Any]") -> float:
    return float((packet.dts or 0) * packet.time_base)
