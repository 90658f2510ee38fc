"""What a video has is in its result; the network changes the pixels alone."""

import copy
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from av.stream import Disposition
from PIL import Image

from tests.by_torch import enhance_pixels
from tests.videos import HEIGHT, WIDTH, packets, scene, see, write_clip
from wespe.networks.generator import Generator
from wespe.networks.inference.photo import enhance_files
from wespe.networks.inference.plan import plan
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.inference.video.enhance import enhance_video
from wespe.networks.inference.video.join import result_suffix
from wespe.photos.images import Pixels, write_photo

pytestmark = pytest.mark.slow

# The least from which FFmpeg makes a stream of such subtitles.
ASS_HEADER = b"""[Script Info]
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Underline, Alignment
Style: Default,Arial,16,&Hffffff,0,0,0,2
[Events]
"""


def same(pixels: Pixels) -> Pixels:
    return pixels


def brighter(pixels: Pixels) -> Pixels:
    return np.asarray(np.clip(pixels.astype(int) + 20, 0, 255), np.uint8)


def run(source: Path, enhance: Callable[[Pixels], Pixels] = same, **options: Any) -> Path:
    output = source.with_name(f"{source.stem}_enhanced{source.suffix}")
    options = {"crf": 1, **options}  # so that differences are not the encoder's
    _, told = enhance_video(source, output, enhance=enhance, key="test", silent=True, **options)
    assert told.startswith(f"{len(see(source).seconds)} frames of ")
    assert not [path for path in source.parent.iterdir() if path.name.startswith(".")]
    return output


def distance(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_frames_and_varying_times_are_kept(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / f"clip{suffix}", 60)
    before = source.read_bytes()
    got, wanted = see(run(source)), see(source)
    assert got.seconds == wanted.seconds
    assert len({after - before for before, after in pairwise(got.seconds)}) >= 3
    assert max(map(distance, got.pixels, wanted.pixels)) < 2
    assert source.read_bytes() == before


def test_the_network_changes_every_frame(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 50)
    got, wanted = see(run(source, brighter)), see(source)
    differences = [
        np.mean(a.astype(float) - b) for a, b in zip(got.pixels, wanted.pixels, strict=True)
    ]
    # 20, less what H.264 rounds.
    np.testing.assert_allclose(differences, 20, atol=0.5)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_kept_and_the_network_sees_upright_frames(
    tmp_path: Path, rotation: int
) -> None:
    source = write_clip(tmp_path / "clip.mp4", 3, rotation=rotation)
    shown: list[Pixels] = []

    def look(pixels: Pixels) -> Pixels:
        shown.append(pixels)
        return brighter(pixels)

    got, wanted = see(run(source, look)), see(source)
    assert got.first.rotation % 360 == wanted.first.rotation % 360 == rotation
    assert got.pixels[0].shape == (HEIGHT, WIDTH, 3)
    # Counter-clockwise, as the rotation of a frame is.
    upright = np.rot90(wanted.pixels[0], rotation // 90)
    assert distance(shown[0], upright) < 3
    assert abs(np.mean(got.pixels[0].astype(float) - wanted.pixels[0]) - 20) < 1


def test_mirrored_frames_stay_mirrored(tmp_path: Path) -> None:
    mirrored = (-65536, 0, 0, 0, 65536, 0, WIDTH * 65536, 0, 1 << 30)
    source = write_clip(tmp_path / "clip.mp4", 2, matrix=mirrored)
    frames: list[Any] = [see(path).first for path in (source, run(source))]
    sides = [bytes(frame.side_data["DISPLAYMATRIX"]) for frame in frames]
    assert sides[0] == sides[1]
    assert np.frombuffer(sides[0], np.int32)[0] == -65536


COLOURS = {"color_primaries": 1, "color_trc": 1}


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("full", [False, True])
def test_matrix_and_range_are_kept(tmp_path: Path, matrix: int, full: bool) -> None:
    tags = {"colorspace": matrix, "color_range": 2 if full else 1, **COLOURS}
    source = write_clip(tmp_path / "clip.mp4", 2, tags=tags)
    colour: list[Any] = []

    def look(pixels: Pixels) -> Pixels:
        colour.append(pixels)
        return pixels

    got, wanted = see(run(source, look)).first, see(source).first
    for tag, value in tags.items():
        assert getattr(got, tag) == getattr(wanted, tag) == value
    levels = [np.asarray(frame.to_ndarray()[:HEIGHT], np.uint8) for frame in (got, wanted)]
    assert distance(*levels) < 0.7
    # The network sees the colours that were filmed, not those of another matrix or range.
    assert distance(colour[0], scene(0)) < 2.5


def test_a_colour_by_hand(tmp_path: Path) -> None:
    # BT.709, limited: Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B) for R, G, B of 200, 80, 40.
    flat = np.full((HEIGHT, WIDTH, 3), (200, 80, 40), np.uint8)
    tags = {"colorspace": 1, "color_range": 1, **COLOURS}
    source = write_clip(tmp_path / "clip.mp4", [flat] * 2, tags=tags)
    luma = 16 + 219 * (0.2126 * 200 + 0.7152 * 80 + 0.0722 * 40) / 255
    for path in (source, run(source)):
        assert abs(see(path).first.to_ndarray()[HEIGHT // 2, WIDTH // 2] - luma) <= 1


@pytest.mark.parametrize(
    ("pixel_format", "kept"),
    [
        ("yuv420p", "yuv420p"),
        ("yuv422p", "yuv422p"),
        ("yuv444p", "yuv444p"),
        ("yuv420p10le", "yuv420p10le"),
    ],
)
def test_chroma_and_bits_are_kept(tmp_path: Path, pixel_format: str, kept: str) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2, pixel_format=pixel_format)
    assert see(run(source)).first.format.name == kept


def test_ten_bits_are_kept_where_the_network_has_eight(tmp_path: Path) -> None:
    ramp = np.linspace(60, 70, 256)
    source = tmp_path / "clip.mp4"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 256, 48, "yuv420p10le"
        deep = np.repeat((ramp * 257).round().astype(np.uint16)[None, :, None], 48, 0).repeat(3, 2)
        frame = av.VideoFrame.from_ndarray(deep, format="rgb48le").reformat(format="yuv420p10le")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    got = see(run(source, crf=1)).first.to_ndarray()[10]
    # 10 levels of 8 bits are about 34 of 10 bits in limited range, of which 8 bits have 9 or 10.
    assert len(np.unique(got)) > 25


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mkv", [scene(i, 63, 47) for i in range(3)], codec="ffv1")
    got = see(run(source))
    assert got.pixels[0].shape == (47, 63, 3)
    assert distance(got.pixels[0], see(source).pixels[0]) < 1.5


def test_the_shape_of_pixels_is_kept(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2, aspect=Fraction(4, 3))
    with av.open(str(run(source))) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "aac"), (".mkv", "pcm_s16le"), (".mov", "aac")]
)
def test_audio_is_copied(tmp_path: Path, suffix: str, codec: str) -> None:
    source = write_clip(tmp_path / f"clip{suffix}", 20, audio=codec)
    got = run(source)
    assert packets(got, "audio") == packets(source, "audio") != []
    with av.open(str(got)) as result, av.open(str(source)) as original:
        for ours, theirs in zip(result.streams, original.streams, strict=True):
            assert ours.language == theirs.language
            assert (ours.type, ours.disposition) == (theirs.type, theirs.disposition)


def test_metadata_and_chapters_are_kept(tmp_path: Path) -> None:
    metadata = {
        "title": "Lake",
        "comment": "by hand",
        "creation_time": "2020-05-04T10:11:12.000000Z",
    }
    source = write_clip(tmp_path / "clip.mp4", 4, metadata=metadata, chapters=True)
    with av.open(str(run(source))) as container:
        assert metadata.items() <= container.metadata.items()
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One"]


def test_chapters_of_mp4_are_not_said_to_be_left_out(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 4, chapters=True)
    _, told = enhance_video(source, tmp_path / "out.mp4", enhance=same, key="", silent=True)
    assert "left out" not in told


def write_rich(path: Path, picture: bytes) -> Path:
    """A Matroska file with a cover, a font and two sounds."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.metadata["BPS"] = "123"
        sounds: list[Any] = [container.add_stream(name, rate=48000) for name in ("aac", "libopus")]
        for sound, language in zip(sounds, ("deu", "fra"), strict=True):
            sound.layout, sound.metadata["language"] = "mono", language
        container.add_attachment("letters.ttf", "application/x-truetype-font", b"letters" * 9)
        container.add_attachment("front.jpg", "image/jpeg", picture)
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for sound, samples in zip(sounds, (1024, 960), strict=True):
            block = av.AudioFrame.from_ndarray(
                np.zeros((1, samples), np.int16), format="s16", layout="mono"
            )
            block.sample_rate, block.pts, block.time_base = 48000, 0, Fraction(1, 48000)
            container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def cover(container: Any) -> bytes:
    [stream] = [s for s in container.streams.video if s.disposition & Disposition.attached_pic]
    return next(bytes(packet) for packet in container.demux(stream) if packet.size)


def test_covers_fonts_and_all_sounds_are_kept(tmp_path: Path) -> None:
    Image.fromarray(scene(3)).save(tmp_path / "front.jpg")
    picture = (tmp_path / "front.jpg").read_bytes()
    with av.open(str(run(write_rich(tmp_path / "clip.mkv", picture)))) as container:
        kinds = [stream.type for stream in container.streams]
        names = {stream.metadata.get("filename") for stream in container.streams}
        sounds = [stream.metadata["language"] for stream in container.streams.audio]
        assert "BPS" not in container.streams[0].metadata
        # A cover is told as a video, too.
        assert sorted(kinds) == ["attachment", "audio", "audio", "video", "video"]
        assert names == {None, "letters.ttf", "front.jpg"}
        assert sounds == ["deu", "fra"]
        assert cover(container) == picture


def test_transparency_beside_the_frames_is_told(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.webm", 3, codec="libvpx-vp9", pixel_format="yuva420p")
    _, told = enhance_video(source, tmp_path / "a.mkv", enhance=same, key="", silent=True)
    assert told.endswith("; transparency dropped")
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert not {"alpha_mode", "ALPHA_MODE"} & container.streams[0].metadata.keys()


def test_the_keys_of_cameras_are_kept(tmp_path: Path) -> None:
    metadata = {
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.location.ISO6709": "+47.1+008.2/",
    }
    source = write_clip(
        tmp_path / "clip.mov", 4, metadata=metadata, options={"movflags": "use_metadata_tags"}
    )
    with av.open(str(run(source))) as container:
        assert metadata.items() <= container.metadata.items()


def test_subtitles_are_copied(tmp_path: Path) -> None:
    lines = "1\n00:00:00,100 --> 00:00:00,400\nBonjour\n\n2\n00:00:00,500 --> 00:00:00,700\nLac\n"
    (tmp_path / "lines.srt").write_text(lines)
    plain, source = write_clip(tmp_path / "plain.mkv", 20, audio="aac"), tmp_path / "clip.mkv"
    with (
        av.open(str(plain)) as video,
        av.open(str(tmp_path / "lines.srt")) as words,
        av.open(str(source), "w") as container,
    ):
        copies = [container.add_stream_from_template(s) for s in (*video.streams, *words.streams)]
        found = [
            [packet for packet in original.demux() if packet.size] for original in (video, words)
        ]
        for packet in (*found[0], *found[1]):
            packet.stream = copies[packet.stream.index + (2 if packet in found[1] else 0)]
            container.mux(packet)
    got = run(source)
    assert packets(got, "subtitle") == packets(source, "subtitle")
    assert [text for _, text in packets(got, "subtitle")] == [b"Bonjour", b"Lac"]
    assert packets(got, "audio") == packets(source, "audio")


def test_subtitles_of_mp4_are_copied(tmp_path: Path) -> None:
    plain, source = write_clip(tmp_path / "plain.mp4", 20), tmp_path / "clip.mp4"
    with av.open(str(plain)) as video, av.open(str(source), "w") as container:
        copy = container.add_stream_from_template(video.streams.video[0])
        words: Any = container.add_stream("mov_text")
        words.codec_context.subtitle_header = ASS_HEADER
        for packet in video.demux(video.streams.video[0]):
            if packet.size:
                packet.stream = copy
                container.mux(packet)
        for milliseconds, text in ((100, b"Bonjour"), (500, b"Lac")):
            line: Any = av.Packet(len(text).to_bytes(2, "big") + text)
            line.pts = line.dts = milliseconds
            line.duration, line.time_base = 300, Fraction(1, 1000)
            line.stream = words
            container.mux(line)
    # Between two lines the container has empty ones.
    heard = [
        [p for p in packets(clip, "subtitle") if len(p[1]) > 2] for clip in (source, run(source))
    ]
    assert heard[0] == heard[1]
    assert [text[2:] for _, text in heard[1]] == [b"Bonjour", b"Lac"]


def test_what_the_container_cannot_hold_is_told(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mkv", 5, audio="pcm_s16le")
    _, told = enhance_video(source, tmp_path / "out.mp4", enhance=same, key="", silent=True)
    with av.open(str(tmp_path / "out.mp4")) as container:
        kinds = [stream.type for stream in container.streams]
    assert told.endswith("; left out: audio (pcm_s16le)") == (kinds == ["video"])


@pytest.mark.parametrize("suffix", [".mp4", ".MOV", ".mkv", ".m4v"])
def test_suffixes_that_are_kept(suffix: str) -> None:
    assert result_suffix(suffix) == suffix


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", ".avi"), ("libvpx-vp9", ".webm")])
def test_other_containers_become_matroska(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / f"clip{suffix}", 6, codec=codec, at=[*range(0, 144, 24)])
    assert result_suffix(suffix) == ".mkv"
    output = tmp_path / "out.mkv"
    enhance_video(source, output, enhance=same, key="", silent=True)
    got, wanted = see(output).seconds, see(source).seconds
    # Matroska's times are in ms.
    assert len(got) == len(wanted) == 6
    steps = [float(after - before) for before, after in pairwise(got)]
    np.testing.assert_allclose(steps, 0.04, atol=0.0011)


def test_a_network_of_this_project_on_photos_and_videos_in_one_call(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Generator(width=4, blocks=1, norm="instance", start="identity")
    torch.nn.init.normal_(network.tail.weight, std=0.05)
    write_photo(tmp_path / "in" / "photo.png", scene(0))
    clip = write_clip(tmp_path / "in" / "clip.mp4", 4, pixel_format="yuv444p")
    (tmp_path / "in" / "bad.mp4").write_bytes(b"no video at all")
    summaries = [
        enhance_files(
            [tmp_path / "in"],
            enhancer=PhotoEnhancer(network),
            out=tmp_path / "out",
            crf=1,
            steady=0,
        )
        for _ in range(2)
    ]
    assert [(s.enhanced, s.skipped) for s in summaries] == [(2, 0), (0, 2)]
    assert summaries[0].failed == ((tmp_path / "in" / "bad.mp4", "not a video"),)
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == [
        "clip.mp4",
        "photo.png",
    ]
    got, wanted = see(tmp_path / "out" / "clip.mp4").pixels, see(clip).pixels
    change = got[2].astype(float) - wanted[2]
    expected = enhance_pixels(network, wanted[2]).astype(float) - wanted[2]
    assert np.abs(expected).mean() > 5
    assert np.abs(change - expected).mean() < 2.5


def test_a_video_never_replaces_its_source(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    with pytest.raises(ValueError, match=r"clip\.mp4: its result would replace the original"):
        plan([clip], out=tmp_path)
    assert plan([clip]).outputs == {clip: tmp_path / "clip_enhanced.mp4"}
    planned = plan([clip], in_place=True)
    assert not planned.outputs
    assert planned.failed == ((clip, "videos are never replaced: give a folder for the result"),)
    other = clip.rename(tmp_path / "clip.avi")
    assert plan([other]).outputs == {other: tmp_path / "clip_enhanced.mkv"}


def test_enhancers_have_keys() -> None:
    torch.manual_seed(0)
    first, second = (Generator(width=4, blocks=1, norm="none") for _ in range(2))
    keys = [PhotoEnhancer(network).key for network in (first, copy.deepcopy(first), second)]
    assert keys[0] == keys[1] != keys[2]
    assert PhotoEnhancer(first, tile_px=256).key != keys[0]
