"""What is no video, or none that can be enhanced, is told by name; nothing is left of it."""

import builtins
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.videos import scene, write_clip
from wespe.networks.inference.video.enhance import enhance_video
from wespe.photos.video.source import VideoError

pytestmark = pytest.mark.slow


def reason(source: Path, **options: Any) -> str:
    output = source.with_name("out.mp4")
    with pytest.raises(VideoError) as caught:
        enhance_video(source, output, enhance=lambda x: x, key="", silent=True, **options)
    assert caught.value.path == source
    assert str(caught.value) == f"{source}: {caught.value.reason}"
    assert {path.name for path in source.parent.iterdir()} <= {source.name}
    return caught.value.reason


def test_what_is_no_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.mp4") == "no such file"
    (tmp_path / "clip.mp4").mkdir()
    assert reason(tmp_path / "clip.mp4") == "a folder, expected a video"


@pytest.mark.parametrize("content", [b"no video" * 1000, b"\x89PNG\r\n\x1a\n" + bytes(500)])
def test_what_is_no_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    assert reason(tmp_path / "clip.mp4") == "not a video"


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    assert reason(tmp_path / "clip.mp4") == "empty file"


def test_a_playlist_names_other_files_and_is_refused(tmp_path: Path) -> None:
    other = write_clip(tmp_path / "elsewhere" / "other.mp4", 3)
    playlist = tmp_path / "in" / "clip.mp4"
    playlist.parent.mkdir()
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n")
    assert reason(playlist) == "not a video"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_cut_off_with_the_index_at_the_end(tmp_path: Path, share: float) -> None:
    source = write_clip(tmp_path / "clip.mp4", 30)
    source.write_bytes(source.read_bytes()[: int(share * source.stat().st_size)])
    assert reason(source) == "cut off or damaged: its index is missing"


@pytest.mark.parametrize("share", [0.5, 0.75, 0.97])
def test_cut_off_with_the_index_in_front(tmp_path: Path, share: float) -> None:
    source = write_clip(tmp_path / "clip.mp4", 30, options={"movflags": "faststart"})
    source.write_bytes(source.read_bytes()[: int(share * source.stat().st_size)])
    assert reason(source).startswith("cut off ")


def test_cut_off_without_an_index(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mkv", 90)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    assert reason(source).startswith("cut off ")


def test_sound_alone(tmp_path: Path) -> None:
    source = tmp_path / "song.mp4"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        block.sample_rate = 8000
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    assert reason(source) == "no video in this file, only audio"


def test_encrypted(tmp_path: Path) -> None:
    scheme = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    assert reason(write_clip(tmp_path / "clip.mp4", 5, options=scheme)) == "encrypted"


def test_unknown_codec(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 5)
    content = source.read_bytes()
    assert content.count(b"avc1") >= 1
    # The name of the codec in the index; the brand in front has it too.
    source.write_bytes(content.replace(b"avc1", b"xyz9").replace(b"avcC", b"xyzC"))
    assert "codec is not supported" in reason(source)


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2)
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "av":
            raise ModuleNotFoundError("No module named 'av'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert reason(source) == "videos need PyAV: pip install av"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"crf": 52}, "crf must be from 0 to 51, got 52"),
        ({"steady": 1.0}, "steady must be at least 0 and below 1, got 1"),
    ],
)
def test_wrong_settings_are_no_fault_of_the_video(
    tmp_path: Path, setting: dict[str, Any], message: str
) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2)
    with pytest.raises(ValueError, match=message) as caught:
        enhance_video(source, tmp_path / "out.mp4", enhance=lambda x: x, key="", **setting)
    assert not isinstance(caught.value, VideoError)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_frames_that_change_their_size(tmp_path: Path) -> None:
    source = tmp_path / "clip.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number, size in enumerate([(64, 48), (64, 48), (96, 64)]):
            picture = av.CodecContext.create("mjpeg", "w")
            picture.width, picture.height, picture.pix_fmt = *size, "yuvj420p"
            picture.time_base = Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(scene(number, *size), format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in [*picture.encode(frame), *picture.encode(None)]:
                packet.stream = stream
                packet.pts = packet.dts = number
                packet.time_base = Fraction(1, 25)
                container.mux(packet)
    assert reason(source) == "expected frames of 64×48 px, frame 2 has 96×64"
