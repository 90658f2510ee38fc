"""A stopped run goes on, to the same frames, and holds few frames at any time."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.videos import see, write_clip
from wespe.core.files import lock
from wespe.networks.inference.video import enhance
from wespe.networks.inference.video.enhance import enhance_video
from wespe.photos.images import Pixels
from wespe.photos.video import clip
from wespe.photos.video.source import VideoError

pytestmark = pytest.mark.slow

PIECE = 8

# A network of no layers, and where a run is killed: at a frame's number, or when pieces are joined.
SCRIPT = f"""
import os, signal, sys
from pathlib import Path
from wespe.networks.inference.video import enhance
source, output, die = sys.argv[1:]
enhance.PIECE_FRAMES = {PIECE}
seen = 0
def die_now(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
def darker(pixels):
    global seen
    if str(seen) == die:
        die_now()
    seen += 1
    return pixels // 2
if die == "join":
    enhance.join = die_now
told = enhance.enhance_video(
    Path(source), Path(output), enhance=darker, key="darker", steady=0.8, silent=True
)
print(seen)
"""


def call(source: Path, output: Path, die: int | str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), str(output), str(die)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_killed_runs_go_on_to_the_same_frames(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 30, audio="aac")
    whole, parts = tmp_path / "whole.mp4", tmp_path / "parts.mp4"
    assert call(source, whole).stdout == "30\n"
    for die in (20, 3, "join"):
        assert call(source, parts, die).returncode == -signal.SIGKILL
        assert not parts.exists()
    finished = call(source, parts)
    # All had been made before the run that was killed while it joined them.
    assert finished.stdout == "0\n", finished.stderr
    assert see(parts).seconds == see(source).seconds
    assert parts.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "clip.mp4",
        "parts.mp4",
        "whole.mp4",
    ]


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 30)
    output = tmp_path / "out.mp4"
    call(source, output, 20)
    kept = tmp_path / ".out.mp4.unfinished"
    assert len([*kept.glob("piece-*")]) == 20 // PIECE
    assert call(source, output).stdout == f"{30 - 20 // PIECE * PIECE}\n"


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enhance, "PIECE_FRAMES", PIECE)


def stopped_at(number: int) -> Callable[[Pixels], Pixels]:
    calls = iter(range(10**6))

    def network(pixels: Pixels) -> Pixels:
        if next(calls) == number:
            raise KeyboardInterrupt
        return pixels

    return network


@pytest.mark.parametrize("change", ["key", "crf", "steady", "source"])
def test_other_settings_start_anew(tmp_path: Path, small_pieces: None, change: str) -> None:
    source = write_clip(tmp_path / "clip.mp4", 20)
    output = tmp_path / "out.mp4"
    settings: dict[str, Any] = {"key": "a", "crf": 18.0, "steady": 0.0, "silent": True}
    with pytest.raises(KeyboardInterrupt):
        enhance_video(source, output, enhance=stopped_at(17), **settings)
    if change == "source":
        write_clip(source, 22)
    else:
        settings[change] = {"key": "b", "crf": 20.0, "steady": 0.5}[change]
    calls = []

    def counted(pixels: Pixels) -> Pixels:
        calls.append(0)
        return pixels

    enhance_video(source, output, enhance=counted, **settings)
    assert len(calls) == len(see(source).seconds) == len(see(output).seconds)


def test_two_at_one_result_are_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 4)
    held = lock(tmp_path / ".out.mp4.lock")
    with held, pytest.raises(VideoError, match=r"another process is writing .*out\.mp4"):
        enhance_video(source, tmp_path / "out.mp4", enhance=lambda x: x, key="", silent=True)


@pytest.mark.parametrize("count", [16, 17])
def test_pieces_end_where_the_clip_does(tmp_path: Path, small_pieces: None, count: int) -> None:
    source = write_clip(tmp_path / "clip.mp4", count)
    output = tmp_path / "out.mp4"
    enhance_video(source, output, enhance=lambda x: x, key="", silent=True)
    assert see(output).seconds == see(source).seconds
    with av.open(str(output)) as container:
        keys = [p.is_keyframe for p in container.demux(video=0) if p.size]
    assert sum(keys) == -(-count // PIECE)
    assert keys[0]


def test_times_of_decoding_never_go_back(tmp_path: Path, small_pieces: None) -> None:
    # A rate that halves at a piece's border: its encoder would start before the last one ended.
    at = [*range(0, PIECE * 10, 10), *range(PIECE * 10, PIECE * 10 + 80 * PIECE, 80)]
    source = write_clip(tmp_path / "clip.mp4", len(at), at=at)
    output = tmp_path / "out.mp4"
    enhance_video(source, output, enhance=lambda x: x, key="", silent=True)
    assert see(output).seconds == see(source).seconds == [time * Fraction(1, 600) for time in at]
    with av.open(str(output)) as container:
        stamps = [(p.dts, p.pts) for p in container.demux(video=0) if p.size]
    assert all(np.diff([dts for dts, _ in stamps]) > 0)
    assert all(dts is not None and pts is not None and dts <= pts for dts, pts in stamps)


def test_one_frame_is_read_at_a_time(
    tmp_path: Path, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / "clip.mp4", 30)
    real, read, enhanced = clip.decoded, [], []

    def counted(facts: clip.Clip, *rest: Any) -> Iterator[av.VideoFrame]:
        for frame in real(facts, *rest):
            read.append(frame.pts)
            yield frame

    def network(pixels: Pixels) -> Pixels:
        # All that were read before are encoded, but for what x264 looks ahead.
        enhanced.append(len(read))
        return pixels

    monkeypatch.setattr(enhance, "decoded", counted)
    enhance_video(source, tmp_path / "out.mp4", enhance=network, key="", silent=True)
    assert enhanced == [*range(1, 31)]


def test_a_damaged_middle_leaves_nothing(
    tmp_path: Path, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / "clip.mp4", 20)
    real = clip.decoded

    def breaking(facts: clip.Clip, *rest: Any) -> Iterator[av.VideoFrame]:
        for number, frame in enumerate(real(facts, *rest)):
            if number == 12:
                raise VideoError(facts.path, "cannot be decoded: Invalid data")
            yield frame

    monkeypatch.setattr(enhance, "decoded", breaking)
    with pytest.raises(VideoError, match=r"clip\.mp4: cannot be decoded: Invalid data"):
        enhance_video(source, tmp_path / "out.mp4", enhance=lambda x: x, key="", silent=True)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
