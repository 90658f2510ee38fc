"""Small clips for tests: frames of known content, and all that a container can hold besides."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from wespe.photos.images import Pixels

WIDTH, HEIGHT = 64, 48
TICK = Fraction(1, 600)


def scene(number: int, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """A smooth picture that moves 2 px to the left with each number."""
    x = np.arange(width)[None] + 2 * number
    y = np.arange(height)[:, None]
    waves = [np.sin(x / 9) + np.cos(y / 7), np.sin((x + y) / 11) + 0 * x, np.cos(x / 13) + 0 * y]
    return np.stack([128 + 50 * wave for wave in waves], -1).astype(np.uint8)


def times(count: int) -> list[int]:
    """Times in ticks of a rate that varies: 20, 28, 20, 36, … apart."""
    steps = [(20, 28, 20, 36)[i % 4] for i in range(count)]
    return [int(time) for time in np.cumsum([0, *steps])[:count]]


def write_clip(
    path: Path,
    frames: Sequence[Pixels] | int = 12,
    *,
    at: Sequence[int] | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    tags: dict[str, int] | None = None,
    matrix: Sequence[int] | None = None,
    rotation: float = 0,
    aspect: Fraction | None = None,
    audio: str = "",
    metadata: dict[str, str] | None = None,
    chapters: bool = False,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> Path:
    """Write a clip; `frames` are upright pixels as they are stored, or how many of `scene`."""
    pictures = [scene(i) for i in range(frames)] if isinstance(frames, int) else list(frames)
    at = times(len(pictures)) if at is None else at
    tags = tags or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = TICK
        for tag, value in tags.items():
            setattr(stream.codec_context, tag, value)
        if aspect:
            stream.sample_aspect_ratio = aspect
        if matrix or rotation:
            stream.set_display_rotation(rotation)
        if matrix:
            stream.set_display_matrix(matrix)
        stream.metadata["language"] = "fra"
        if codec == "libx264":
            stream.options = {"crf": "4", "preset": "veryfast", **(codec_options or {})}
        sound: Any = container.add_stream(audio, rate=8000) if audio else None
        if sound:
            sound.layout = "mono"
            sound.metadata["language"] = "deu"
        container.metadata.update(metadata or {})
        if chapters:
            container.set_chapters(
                [
                    {
                        "id": 1,
                        "start": 0,
                        "end": 200,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": "One"},
                    }
                ]
            )
        for picture, time in zip(pictures, at, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format=pixel_format,
                dst_colorspace={2: None}.get(tags.get("colorspace", 2), tags.get("colorspace")),
                src_color_range=2,
                dst_color_range=tags.get("color_range"),
            )
            frame.pts, frame.time_base = time, TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound:
            for block in _sound(at[-1] * TICK):
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def _sound(seconds: Fraction) -> Iterator[av.AudioFrame]:
    samples = np.arange(int(seconds * 8000))
    tone = (8000 * np.sin(samples / 5)).astype(np.int16)[None]
    for start in range(0, tone.shape[1], 1024):
        block = av.AudioFrame.from_ndarray(
            tone[:, start : start + 1024], format="s16", layout="mono"
        )
        block.sample_rate, block.pts, block.time_base = 8000, start, Fraction(1, 8000)
        yield block


class Seen(NamedTuple):
    """What a reader sees of a clip."""

    seconds: list[Fraction]
    pixels: list[Pixels]
    first: av.VideoFrame


def _time(stamped: "av.VideoFrame | av.Packet[Any]") -> Fraction:
    assert stamped.pts is not None
    assert stamped.time_base is not None
    return stamped.pts * stamped.time_base


def see(path: Path) -> Seen:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return Seen(
        [_time(frame) for frame in frames],
        [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames],
        frames[0],
    )


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """The times and contents of the packets of a file's streams of a kind, as they are stored."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [
            (_time(packet), bytes(packet)) for packet in container.demux(streams) if packet.size
        ]
