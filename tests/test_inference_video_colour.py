"""What RGB cannot hold of a video's numbers stays; only what the network changed is added."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.videos import HEIGHT, WIDTH, write_clip
from wespe.networks.inference.video.enhance import enhance_video
from wespe.photos.images import Pixels

pytestmark = pytest.mark.slow


def write_luma(path: Path, luma: NDArray[Any], pixel_format: str) -> Path:
    """Two frames of this luma, grey, in limited range."""
    deep = pixel_format.endswith("10le")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = luma.shape
        stream.pix_fmt, stream.codec_context.color_range = pixel_format, 1
        for number in range(2):
            frame = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
            for index, plane in enumerate(frame.planes):
                values = (
                    luma
                    if index == 0
                    else np.full((plane.height, plane.width), 512 if deep else 128)
                )
                rows = np.zeros((plane.height, plane.line_size // (2 if deep else 1)))
                rows[:, : plane.width] = values
                plane.update(rows.astype(np.uint16 if deep else np.uint8).tobytes())
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def luma(path: Path) -> NDArray[Any]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    return np.asarray(frame.to_ndarray()[: frame.height, : frame.width]).astype(int)


def run(source: Path, enhance: Callable[[Pixels], Pixels]) -> Path:
    output = source.with_name("out.mp4")
    enhance_video(source, output, enhance=enhance, key="", crf=0, steady=0, silent=True)
    return output


@pytest.mark.parametrize(
    ("pixel_format", "most"), [("yuv420p", 255), ("gray", 255), ("yuv420p10le", 1023)]
)
def test_luma_beyond_white_and_black_stays(tmp_path: Path, pixel_format: str, most: int) -> None:
    ramp = np.linspace(most * 4 // 255, most * 254 // 255, WIDTH).round()[None].repeat(HEIGHT, 0)
    source = write_luma(tmp_path / "clip.mkv", ramp, pixel_format)
    np.testing.assert_array_equal(luma(source), ramp)
    # What is encoded is exactly the source; 10 bits lose something where crf 0 is not lossless.
    assert np.abs(luma(run(source, lambda pixels: pixels)) - ramp).max() <= 4 * (most > 255)


def test_what_the_network_changes_is_added(tmp_path: Path) -> None:
    ramp = np.linspace(20, 250, WIDTH).round()[None].repeat(HEIGHT, 0)
    source = write_luma(tmp_path / "clip.mkv", ramp, "yuv420p")
    darker = luma(run(source, lambda pixels: np.asarray(pixels // 2, np.uint8)))
    # Half of what RGB has of it, and what is beyond its white, 235, stays beyond.
    shown = (ramp.clip(16, 235) - 16) / 2
    expected = ramp - shown
    assert np.abs(darker - expected).max() <= 1.5


def cues(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    sides: list[Any] = [side for frame in frames for side in frame.side_data]
    return [bytes(side) for side in sides if side.type.name == "A53_CC"]


def caption(number: int) -> bytes:
    """A NAL unit with a caption of ATSC A/53 part 4: SEI of the type 4, user data of T.35."""
    cue = bytes([0xB5, 0, 0x31]) + b"GA94" + bytes([3, 0xC1, 0xFF, 0xFC, 0x20 + number, 0x41, 0xFF])
    return bytes([6, 4, len(cue)]) + cue + b"\x80"


def test_captions_within_frames_are_kept(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "plain.mp4", 6)
    source = tmp_path / "clip.mp4"
    with av.open(str(plain)) as given, av.open(str(source), "w") as result:
        stream = result.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(given.demux(video=0)):
            if not packet.size:
                continue
            unit = caption(number)
            more = av.Packet(len(unit).to_bytes(4, "big") + unit + bytes(packet))
            more.pts, more.dts, more.time_base = packet.pts, packet.dts, packet.time_base
            more.duration, more.is_keyframe, more.stream = (
                packet.duration,
                packet.is_keyframe,
                stream,
            )
            result.mux_one(more)
    assert len(cues(source)) == 6
    assert cues(run(source, lambda pixels: pixels)) == cues(source)
