"""A video whose clock starts late, as that of a broadcast, starts at zero with all in step."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.published import SHARED
from tests.videos import packets, see, write_clip
from wespe.networks.inference.video.enhance import enhance_video

pytestmark = pytest.mark.slow

HOUR = SHARED / "odd_files" / "starts_at_an_hour.mts"


def run(source: Path, suffix: str) -> Path:
    output = source.parent / f"out{suffix}"
    enhance_video(source, output, enhance=lambda x: x, key="", silent=True)
    return output


def late(source: Path, suffix: str, seconds: int) -> Path:
    """The same packets, `seconds` later."""
    moved = source.with_name(f"late{suffix}")
    with av.open(str(source)) as given, av.open(str(moved), "w") as result:
        copies = [result.add_stream_from_template(stream) for stream in given.streams]
        chapters: list[Any] = [
            {
                "id": 1,
                "start": seconds,
                "end": seconds + 1,
                "time_base": Fraction(1),
                "metadata": {},
            }
        ]
        if suffix == ".mkv":
            result.set_chapters(chapters)
        for packet in given.demux():
            if packet.size:
                assert packet.pts is not None
                assert packet.dts is not None
                ticks = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = copies[packet.stream.index]
                result.mux_one(packet)
    return moved


def offset(path: Path) -> float:
    """How much later the first picture is than the first sound, in s."""
    return float(see(path).seconds[0] - packets(path, "audio")[0][0])


@pytest.mark.parametrize("suffix", [".mts", ".mkv"])
def test_a_clip_starts_at_zero_with_its_audio_in_step(tmp_path: Path, suffix: str) -> None:
    plain = write_clip(tmp_path / "clip.mp4", 30, audio="aac")
    source = late(plain, suffix, 3600)
    with av.open(str(source)) as container:
        assert container.start_time
        assert container.start_time > 3599e6
        first = Fraction(container.start_time, 1_000_000)
    got = run(source, ".mkv")
    assert 0 <= min(see(got).seconds[0], packets(got, "audio")[0][0]) <= 0.001
    # Times of Matroska are in ms.
    assert abs(offset(got) - offset(source)) <= 0.001
    steps = [
        float(a - (b - first)) for a, b in zip(see(got).seconds, see(source).seconds, strict=True)
    ]
    assert max(map(abs, steps)) <= 0.001
    heard = [[content for _, content in packets(path, "audio")] for path in (got, source)]
    # In a transport stream each packet of AAC has a header of its own.
    assert all(theirs.endswith(ours) for ours, theirs in zip(*heard, strict=True))
    with av.open(str(got)) as container:
        assert container.duration
        assert container.duration < 3e6
        if suffix == ".mkv":
            [chapter] = container.chapters()
            assert chapter["time_base"]
            assert abs(chapter["start"] * chapter["time_base"] - (3600 - first)) <= 0.001


@pytest.mark.skipif(not HOUR.exists(), reason="needs shared/data/odd_files")
def test_a_broadcast_that_starts_at_an_hour(tmp_path: Path) -> None:
    source = tmp_path / HOUR.name
    source.write_bytes(HOUR.read_bytes())
    got = run(source, ".mkv")
    with av.open(str(got)) as container:
        assert container.duration
        assert container.duration < 1.1e6
    assert len(see(got).seconds) == len(see(source).seconds)
    assert see(got).seconds[0] < 0.1
    assert abs(offset(got) - offset(source)) <= 0.001
