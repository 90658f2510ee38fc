"""A video that becomes larger keeps all that one of the same size keeps."""

import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from tests.videos import HEIGHT, WIDTH, packets, scene, see, write_clip
from wespe.networks.enlarging.compact import Compact
from wespe.networks.inference.photo import enhance_files
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.inference.video.enhance import enhance_video
from wespe.networks.inference.video.enlarged import enlarged_clip
from wespe.networks.inference.video.flicker import flicker_of_files
from wespe.photos.images import Pixels
from wespe.photos.video.clip import read_clip
from wespe.photos.video.source import VideoError

pytestmark = pytest.mark.slow


GREY = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)


def bicubic(pixels: Pixels, factor: int = 2) -> Pixels:
    height, width = pixels.shape[:2]
    large = cv2.resize(pixels, (factor * width, factor * height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, pixels.dtype)


def run(
    source: Path,
    enhance: Callable[[Pixels], Pixels] = bicubic,
    scale: float = 2,
    **options: Any,
) -> Path:
    output = source.with_name(f"{source.stem}_enhanced{source.suffix}")
    options = {"crf": 1, "key": "test", "silent": True, **options}
    enhance_video(source, output, enhance=enhance, scale=scale, **options)
    return output


def distance(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_are_larger_at_the_same_times(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / f"clip{suffix}", 20)
    got, wanted = see(run(source)), see(source)
    assert got.seconds == wanted.seconds
    assert got.pixels[0].shape == (2 * HEIGHT, 2 * WIDTH, 3)
    assert max(map(distance, got.pixels, map(bicubic, wanted.pixels))) < 2.5


def test_all_else_is_kept(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "clip.mp4",
        6,
        tags={"colorspace": 1, "color_range": 2, "color_primaries": 1, "color_trc": 1},
        aspect=Fraction(4, 3),
        audio="aac",
        metadata={"title": "A walk"},
        chapters=True,
    )
    result = run(source)
    before, after = see(source).first, see(result).first
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
        assert getattr(after, tag) == getattr(before, tag)
    assert after.format.name in {"yuv420p", "yuvj420p"}
    assert packets(result, "audio") == packets(source, "audio")
    with av.open(str(result)) as made, av.open(str(source)) as given:
        assert made.metadata["title"] == "A walk"
        assert made.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert made.streams.video[0].metadata["language"] == "fra"
        titles = [
            [chapter["metadata"]["title"] for chapter in file.chapters()] for file in (made, given)
        ]
        assert titles == [["One"], ["One"]]


@pytest.mark.parametrize("rotation", [90, 180])
def test_upright_frames_are_enlarged_and_stay_turned(tmp_path: Path, rotation: int) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2, rotation=rotation)
    shown: list[Pixels] = []

    def look(pixels: Pixels) -> Pixels:
        shown.append(pixels)
        return bicubic(pixels, 4)

    got, wanted = see(run(source, look, scale=1.5)), see(source)
    assert got.first.rotation % 360 == wanted.first.rotation % 360 == rotation
    assert got.pixels[0].shape == (HEIGHT * 3 // 2, WIDTH * 3 // 2, 3)
    assert distance(shown[0], np.rot90(wanted.pixels[0], rotation // 90)) < 3
    small = cv2.resize(got.pixels[0], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    assert distance(np.asarray(small, np.uint8), wanted.pixels[0]) < 3


def test_a_mirrored_picture_is_moved_by_its_new_width(tmp_path: Path) -> None:
    mirrored = (-65536, 0, 0, 0, 65536, 0, WIDTH * 65536, 0, 1 << 30)
    source = write_clip(tmp_path / "clip.mp4", 2, matrix=mirrored)
    frame: Any = see(run(source)).first
    matrix = np.frombuffer(bytes(frame.side_data["DISPLAYMATRIX"]), np.int32).tolist()
    assert matrix == [-65536, 0, 0, 0, 65536, 0, 2 * WIDTH * 65536, 0, 1 << 30]


@pytest.mark.parametrize(
    ("scale", "size", "chroma"),
    [(2, (98, 74), "yuv420p"), (3, (147, 111), "yuv444p"), (2.5, (122, 92), "yuv420p")],
)
def test_odd_sizes(tmp_path: Path, scale: float, size: tuple[int, int], chroma: str) -> None:
    frames = [scene(i, 49, 37) for i in range(3)]
    source = write_clip(tmp_path / "clip.mkv", frames, pixel_format="yuv444p")
    clip = read_clip(source)
    made = enlarged_clip(clip, scale)
    assert (made.width, made.height) == size
    got = see(run(source, lambda pixels: bicubic(pixels, 3), scale=scale))
    assert (got.first.width, got.first.height) == size
    # A source of 4:4:4 stays one; that of an odd 4:2:0 need not become one.
    assert got.first.format.name == "yuv444p"
    with av.open(str(write_clip(tmp_path / "v.mkv", frames, codec="ffv1"))) as odd:
        assert next(odd.decode(video=0)).format.name == "yuv420p"
    assert enlarged_clip(read_clip(tmp_path / "v.mkv"), scale).colours.pixel_format == chroma


def test_a_matrix_that_only_the_height_told_is_stated(tmp_path: Path) -> None:
    # Untagged and below 720 lines is BT.601; from 720 on players would take BT.709.
    source = write_clip(tmp_path / "clip.mp4", [scene(i, 64, 360) for i in range(2)])
    assert see(source).first.colorspace == 2
    got = see(run(source)).first
    assert (got.height, got.colorspace) == (720, 5)
    assert see(run(write_clip(tmp_path / "low.mp4", 2))).first.colorspace == 2


def test_luma_beyond_white_and_black_stays(tmp_path: Path) -> None:
    ramp = np.linspace(4, 254, WIDTH).round().astype(np.uint8)[None].repeat(HEIGHT, 0)
    source = tmp_path / "clip.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, value in zip(frame.planes, (ramp, GREY, GREY), strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows[: plane.height, : plane.width] = value
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    got = see(run(source, steady=0, crf=0)).first
    luma = got.to_ndarray()[: 2 * HEIGHT, : 2 * WIDTH].astype(int)
    expected = bicubic(ramp[..., None].repeat(3, 2))[..., 0].astype(int)
    assert np.abs(luma - expected)[:, 4:-4].max() <= 3
    assert luma.min() < 8
    assert luma.max() > 248


def test_a_video_of_one_frame(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 1)
    got = see(run(source))
    assert [frame.shape for frame in got.pixels] == [(2 * HEIGHT, 2 * WIDTH, 3)]


@pytest.mark.parametrize(
    ("size", "scale", "message"),
    [
        ((64, 4100), 4, r"frames of 256×16400 px; expected at most 35\.7 megapixels and 16384 px"),
        ((2000, 1500), 4, r"frames of 8000×6000 px"),
    ],
)
def test_what_h264_does_not_hold_is_refused_before_any_work(
    tmp_path: Path, size: tuple[int, int], scale: int, message: str
) -> None:
    source = write_clip(tmp_path / "clip.mp4", [np.zeros((*size[::-1], 3), np.uint8)])
    with pytest.raises(VideoError, match=message):
        run(source, lambda pixels: pytest.fail("nothing is enhanced"), scale=scale)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


SCRIPT = """
import os, signal, sys
from pathlib import Path
from tests.test_inference_video_enlarged import bicubic
from wespe.networks.inference.video import enhance
source, output, die = sys.argv[1:]
enhance.PIECE_FRAMES, seen = 4, 0
def large(pixels):
    global seen
    if str(seen) == die:
        os.kill(os.getpid(), signal.SIGKILL)
    seen += 1
    return 255 - bicubic(pixels)
enhance.enhance_video(
    Path(source), Path(output), enhance=large, key="large", scale=2, steady=0.5, silent=True
)
print(seen)
"""


def test_a_killed_run_goes_on_to_the_same_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 10, audio="aac")

    def call(output: str, die: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SCRIPT, str(source), str(tmp_path / output), die]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert call("whole.mp4").stdout == "10\n"
    assert call("parts.mp4", "6").returncode == -signal.SIGKILL
    finished = call("parts.mp4")
    assert finished.stdout == "6\n", finished.stderr
    assert (tmp_path / "parts.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_averaging_steadies_what_the_network_adds(tmp_path: Path) -> None:
    source, stream = write_clip(tmp_path / "clip.mp4", 10), np.random.default_rng(0)

    def unsteady(pixels: Pixels) -> Pixels:
        noise = stream.normal(0, 12, (2 * HEIGHT, 2 * WIDTH, 1))
        return np.asarray((bicubic(pixels) + noise).clip(0, 255), np.uint8)

    added = [
        flicker_of_files(source, run(source, unsteady, steady=steady)).added for steady in (0, 0.8)
    ]
    assert added[1] < 0.6 * added[0]
    with pytest.raises(VideoError, match=r"expected 10 frames of 128×96, as .* has, got 10 frames"):
        flicker_of_files(run(source), source)


@pytest.mark.parametrize("scale", [None, 2, 1.5, 1])
def test_files_through_a_network_that_enlarges(tmp_path: Path, scale: float | None) -> None:
    torch.manual_seed(0)
    enhancer = PhotoEnhancer(Compact(scale=4, width=4, layers=1).eval())
    source = write_clip(tmp_path / "clip.mp4", 3, pixel_format="yuv444p")
    lines: list[str] = []

    def enhanced() -> int:
        summary = enhance_files(
            [source],
            enhancer=enhancer,
            out=tmp_path / "out",
            crf=1,
            steady=0,
            scale=scale,
            report=lines.append,
        )
        assert not summary.failed
        return summary.enhanced

    assert [enhanced(), enhanced()] == [1, 0]
    factor = 4 if scale is None else scale
    got, wanted = see(tmp_path / "out" / "clip.mp4"), see(source)
    assert got.pixels[0].shape == (HEIGHT * factor, WIDTH * factor, 3)
    expected = enhancer.enhance(wanted.pixels[1], scale=scale)
    assert distance(got.pixels[1], expected) < 3
    reduced = "" if factor == 4 else " by area from ×4"
    size = f"{WIDTH * factor:g}×{HEIGHT * factor:g}"
    assert f"(×{factor:g}{reduced}, 3 frames of {size}, " in lines[0]
