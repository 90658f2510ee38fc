"""Opening video files: files that are no video, cut off, encrypted or unknown are named."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.photos.images import PhotoError

# PyAV takes longer than all else, and enhancing photos does not need it.
if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".m2t"}
    | {".3gp", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv"}
)
_TRANSPORT = ".ts"  # Of programs in TypeScript, too, and of translations by Qt.
# Packets of a transport stream begin with this byte, and have so many: alone, with a time in front,
# with a check sum behind. Source: ISO/IEC 13818-1, 2.4.3.2.
_SYNC, _PACKET_BYTES, _PACKETS = 0x47, (188, 192, 204), 5
# No playlists: they name other files, which would be read.
_DEMUXERS = "mov,matroska,avi,mpegts,mpeg,asf,flv,ogg"


def is_video(path: Path) -> bool:
    """Whether a file is named as a video; what is named `.ts` has to be one, too."""
    suffix = path.suffix.lower()
    return suffix in _SUFFIXES or (suffix == _TRANSPORT and _is_transport_stream(path))


def _is_transport_stream(path: Path) -> bool:
    """Whether a file begins as one; a recording may begin within a packet."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read((_PACKETS + 1) * max(_PACKET_BYTES))
    except OSError:
        return False
    # A text whose lines are of one length may have that letter so often, but no zeros.
    return b"\0" in head and any(
        head[start::size][:_PACKETS] == bytes([_SYNC] * _PACKETS)
        for size in _PACKET_BYTES
        for start in range(size)
    )


class VideoError(PhotoError):
    """A file that cannot be used as a video; reported like a photo that cannot be used."""


@contextmanager
def opened(path: Path) -> Iterator["InputContainer"]:
    """The open file. Raises VideoError if it is no video, and for FFmpeg's errors inside."""
    try:
        import av
    except ModuleNotFoundError as error:
        raise VideoError(path, "videos need PyAV: pip install av") from error
    if not path.is_file():
        reason = "a folder" if path.is_dir() else "no file" if path.exists() else ""
        raise VideoError(path, f"{reason}, expected a video" if reason else "no such file")
    if not path.stat().st_size:
        raise VideoError(path, "empty file")
    options = {"format_whitelist": _DEMUXERS}
    try:
        # The prefix keeps a colon in a name from being taken for a protocol.
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        with path.open("rb") as file:
            mp4 = file.read(8)[4:] == b"ftyp"
        reason = "cut off or damaged: its index is missing" if mp4 else "not a video"
        raise VideoError(path, reason) from error
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            raise VideoError(path, f"cannot be decoded: {error.strerror}") from error


def main_stream(path: Path, container: "InputContainer") -> "VideoStream":
    """The first video that is no cover picture.

    Raises VideoError where there is none, or none that can be decoded.
    """
    from av.stream import Disposition

    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise VideoError(path, f"no video in this file, only {kinds}")
    if streams[0].codec_context is None:
        raise VideoError(path, "its video codec is not supported: there is no decoder for it")
    return streams[0]


def read_only(container: "InputContainer", streams: "Collection[Stream]") -> None:
    """Let the reader of a file pass over all that is not in `streams`."""
    from av.stream import Discard

    kept = {stream.index for stream in streams}
    for stream in container.streams:
        if stream.index not in kept:
            stream.discard = Discard.all


def count_packets(path: Path) -> int:
    """The number of video packets in a file, by reading it once.

    Raises VideoError if it ends earlier than it states, and as `opened` and `main_stream` do.
    """
    with opened(path) as container:
        stream = main_stream(path, container)
        read_only(container, [stream])
        base, rate = stream.time_base, stream.average_rate or 25
        assert base
        start = end = stream.start_time or 0
        count = 0
        for packet in container.demux(stream):
            if packet.has_sidedata("encryption_info"):
                raise VideoError(path, "encrypted")
            if packet.is_corrupt:
                raise VideoError(path, f"cut off or damaged after {count} frames")
            if packet.size:
                count += 1
            time = packet.dts if packet.pts is None else packet.pts  # AVI has only the former.
            if time is not None:
                end = max(end, time + (packet.duration or 0))
        # MP4 states the exact length of its video; others the approximate length of their streams.
        stated_s, slack_s = 0.0, 1.0
        if stream.duration:
            stated_s = float(stream.duration * base)
            slack_s = float(2 / rate) if container.format.name.startswith("mov") else slack_s
        elif container.duration and len(container.streams) == 1:
            stated_s = container.duration / 1e6
        found_s = float((end - start) * base)
        if found_s < stated_s - slack_s:
            raise VideoError(path, f"cut off after {found_s:.1f} s of {stated_s:.1f} s")
        return count
