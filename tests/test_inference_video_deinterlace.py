"""Interlaced videos come out with whole frames: one for each frame, or one for each field."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.videos import scene, see, write_clip
from wespe.networks.inference.video.enhance import enhance_video
from wespe.photos.images import Pixels

pytestmark = pytest.mark.slow

STEP = 24  # Ticks of the clip, 25 frames a second.
INTERLACED = {"flags": "+ildct+ilme"}


def woven(number: int) -> Pixels:
    """A frame whose lower field, the odd rows, is half a frame earlier, as x264 flags it."""
    frame = scene(2 * number + 1)
    frame[1::2] = scene(2 * number)[1::2]
    return frame


def write_interlaced(path: Path, count: int = 10) -> Path:
    return write_clip(
        path,
        [woven(number) for number in range(count)],
        at=[STEP * number for number in range(count)],
        pixel_format="yuv422p",
        codec_options=INTERLACED,
    )


def run(source: Path, *, double_rate: bool = False) -> tuple[Path, str]:
    output = source.with_name("out.mp4")
    _, told = enhance_video(
        source,
        output,
        enhance=lambda pixels: pixels,
        key="",
        crf=1,
        double_rate=double_rate,
        silent=True,
    )
    return output, told


def combing(frame: Pixels) -> float:
    """How much rows differ from the mean of their neighbours, as rows of two times do."""
    rows = frame.astype(float)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


def test_a_frame_for_each_frame_at_its_time(tmp_path: Path) -> None:
    source = write_interlaced(tmp_path / "clip.mp4")
    output, told = run(source)
    assert told.endswith("; deinterlaced (--double-rate makes a frame of each field)")
    assert told.startswith("10 frames of ")
    got, wanted = see(output), see(source)
    assert wanted.first.interlaced_frame
    assert not got.first.interlaced_frame
    assert got.seconds == wanted.seconds
    for number, frame in enumerate(got.pixels):
        assert combing(frame) < combing(wanted.pixels[number]) / 2
        # The earlier field is kept, the other is made for its time.
        assert np.abs(frame.astype(float) - scene(2 * number)).mean() < 2.5


def test_a_frame_for_each_field_if_asked(tmp_path: Path) -> None:
    source = write_interlaced(tmp_path / "clip.mp4")
    output, told = run(source, double_rate=True)
    assert told.startswith("20 frames of ")
    assert told.endswith("; 10 interlaced frames became 20")
    got = see(output)
    assert got.seconds == [Fraction(STEP * number, 2 * 600) for number in range(20)]
    for number, frame in enumerate(got.pixels):
        assert np.abs(frame.astype(float) - scene(number)).mean() < 2.5


def test_whole_frames_stay_whatever_is_asked(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 6)
    output, told = run(source, double_rate=True)
    assert "interlaced" not in told
    assert see(output).seconds == see(source).seconds


def test_of_a_clip_with_both_kinds_the_whole_frames_stay(tmp_path: Path) -> None:
    at = [STEP * number for number in range(6)]
    whole = write_clip(tmp_path / "whole.mts", 6, at=at, pixel_format="yuv422p")
    source = tmp_path / "clip.mts"
    with av.open(str(source), "w") as result:
        stream: Any = None
        for part, later in (
            (whole, 0),
            (write_interlaced(tmp_path / "woven.mts", 6), 6 * STEP * 150),
        ):
            with av.open(str(part)) as given:
                stream = stream or result.add_stream_from_template(given.streams.video[0])
                for packet in given.demux(video=0):
                    if packet.size:
                        assert packet.pts is not None
                        assert packet.dts is not None
                        packet.pts, packet.dts = packet.pts + later, packet.dts + later
                        packet.stream = stream
                        result.mux_one(packet)
    with av.open(str(source)) as container:
        interlaced = [frame.interlaced_frame for frame in container.decode(video=0)]
    assert interlaced == [False] * 6 + [True] * 6
    output, told = run(source)
    assert told.startswith("12 frames of ")
    assert "; 6 of them deinterlaced" in told
    got, wanted = see(output).pixels, see(source).pixels
    changes = [np.abs(a.astype(float) - b).mean() for a, b in zip(got, wanted, strict=True)]
    assert max(changes[:6]) < 1 < min(changes[6:])
