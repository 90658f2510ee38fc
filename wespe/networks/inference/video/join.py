"""The result: the pieces of the video, and all else that its source has, copied."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wespe.networks.inference.video.encoding import configure
from wespe.networks.inference.video.kept import read_piece
from wespe.photos.video.clip import Clip
from wespe.photos.video.source import VideoError, main_stream, opened, read_only

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.stream import Stream
    from av.video.stream import VideoStream

_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
# What a container writes of itself, or of how a stream is encoded.
_LAYOUT_KEYS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "alpha_mode"}
    | {"bps", "number_of_bytes", "_statistics_tags", "_statistics_writing_app"}
)
_PICTURES = {"mjpeg": "jpeg"}  # FFmpeg's name of a codec, where pictures have another.


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
    video.metadata.update(_kept(main.metadata))
    video.disposition = main.disposition
    if clip.display_matrix:
        video.set_display_matrix(clip.display_matrix)
    copies, left_out = _copies(clip.path, source, main, result)
    result.metadata.update(_kept(source.metadata))
    if chapters := source.chapters():
        result.set_chapters([_earlier(chapter, clip.start) for chapter in chapters])
    result.start_encoding()
    # By time, or the writer would have to hold one stream until another comes.
    for packet in heapq.merge(
        _packets(pieces, video, clip), _copied_packets(source, copies, clip.start), key=_seconds
    ):
        result.mux_one(packet)
    return left_out


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in metadata.items()
        if key.lower().removesuffix("-eng") not in _LAYOUT_KEYS
    }


def _copies(
    path: Path, source: "InputContainer", main: "Stream", result: "OutputContainer"
) -> tuple[dict[int, "Stream"], list[str]]:
    """The streams of `result` that take those of `source`, by index, and what has no place."""
    from av.stream import Disposition

    copies, left_out = {}, []
    for stream in source.streams:
        if stream.index == main.index or _is_chapters(source, stream):
            continue
        if stream.disposition & Disposition.attached_pic and result.format.name == "matroska":
            _attach(path, stream, result)
            continue
        try:
            if stream.type == "data":
                raise ValueError("data has no common form")
            copies[stream.index] = result.add_stream_from_template(stream)
        except ValueError:
            kind = stream.codec_context.name if stream.codec_context else "unknown"
            left_out.append(f"left out: {stream.type} ({kind})")
        else:
            copies[stream.index].metadata.update(stream.metadata)
            copies[stream.index].disposition = stream.disposition
    return copies, left_out


def _is_chapters(source: "InputContainer", stream: "Stream") -> bool:
    """Whether these are the names of chapters, which MP4 has as a stream: they are written anew."""
    chapters = source.chapters()
    return stream.type == "data" and bool(chapters) and stream.frames == len(chapters)


def _attach(path: Path, cover: "Stream", result: "OutputContainer") -> None:
    """Put a cover picture where Matroska has it; copied as a stream it would be a second video."""
    tags = {key.lower(): value for key, value in cover.metadata.items()}
    codec = cover.codec_context.name if cover.codec_context else "mjpeg"
    kind = _PICTURES.get(codec, codec)
    with opened(path) as source:
        stream = source.streams[cover.index]
        read_only(source, [stream])
        picture = next((bytes(packet) for packet in source.demux(stream) if packet.size), b"")
    result.add_attachment(
        tags.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}"),
        tags.get("mimetype", f"image/{kind}"),
        picture,
    )


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


def _earlier(chapter: "Chapter", start: Fraction) -> "Chapter":
    """A chapter of a clip whose time `start`, in s, becomes 0."""
    assert chapter["time_base"]
    ticks = round(start / chapter["time_base"])
    moved = chapter.copy()
    moved["start"], moved["end"] = chapter["start"] - ticks, chapter["end"] - ticks
    return moved


def _copied_packets(
    source: "InputContainer", copies: Mapping[int, "Stream"], start: Fraction
) -> Iterator["Packet[Any]"]:
    """The packets of the streams that are copied, `start` seconds earlier."""
    streams = [
        source.streams[index] for index in copies if source.streams[index].type != "attachment"
    ]
    read_only(source, streams)
    for packet in source.demux(streams) if streams else ():
        if packet.size:
            if packet.dts is None:
                packet.dts = packet.pts
            earlier = round(start / packet.time_base)
            if packet.pts is not None:
                packet.pts -= earlier
            if packet.dts is not None:
                packet.dts -= earlier
            packet.stream = copies[packet.stream.index]
            yield packet


def _seconds(packet: "Packet[Any]") -> float:
    return float((packet.dts or 0) * packet.time_base)
