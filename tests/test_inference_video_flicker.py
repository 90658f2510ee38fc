import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.videos import scene, write_clip
from wespe import cli
from wespe.networks.inference.video.enhance import enhance_video
from wespe.networks.inference.video.flicker import flicker, flicker_of_files
from wespe.networks.inference.video.steady import Steady
from wespe.photos.images import Pixels
from wespe.photos.video.motion import flow, moved, seen_before
from wespe.photos.video.source import VideoError

pytestmark = pytest.mark.slow

SIZE = 160, 120


def textured(number: int, step: int = 0) -> Pixels:
    """Noise with some smoothness, which flow can follow, moved `step` px to the left each frame."""
    noise = np.random.default_rng(0).normal(size=(124, 400, 3))
    moved = [np.roll(noise, (i, j), (0, 1)) for i in range(5) for j in range(5)]
    smooth = np.sum(moved, axis=0) / 5
    wide = (128 + 35 * smooth).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(wide[:120, number * step :][:, :160])


def shifted(pixels: Pixels, levels: float) -> Pixels:
    return (pixels.astype(float) + levels).clip(0, 255).astype(np.uint8)


def grey(pixels: Pixels) -> Pixels:
    return pixels[..., 1].copy()


def test_a_still_clip_by_hand() -> None:
    # ±3 levels in turn: 6 levels from frame to frame, of large areas just as much.
    still = np.full((120, 160, 3), 128, np.uint8)
    measured = flicker((still, shifted(still, 3 * (-1) ** i)) for i in range(6))
    assert (measured.pairs, measured.left_out) == (5, 0)
    assert measured.source == 0
    assert measured.added == pytest.approx(6)
    assert measured.added_areas == pytest.approx(6, rel=1e-4)


def test_a_known_flicker_is_found_on_a_moving_clip() -> None:
    moving = [textured(i, 3) for i in range(5)]
    measured = flicker((x, shifted(x, 4 * (i % 2))) for i, x in enumerate(moving))
    assert measured.added == pytest.approx(4, abs=0.3)
    assert measured.added_areas == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: shifted(x, -9), lambda x: 255 - x])
def test_the_same_change_of_every_frame_is_no_flicker(change: Callable[[Pixels], Pixels]) -> None:
    moving = [textured(i, 3) for i in range(4)]
    measured = flicker((x, change(x)) for x in moving)
    if change(moving[0])[0, 0, 0] == 255 - moving[0][0, 0, 0]:
        # A negative turns the source's own changes round: against them, twice as much.
        assert measured.added == pytest.approx(2 * measured.source, rel=1e-3)
    else:
        assert measured.added < 0.02


def test_noise_of_the_source_is_not_the_results() -> None:
    generator = np.random.default_rng(1)
    noisy = [
        (textured(0) + generator.normal(0, 4, (120, 160, 3))).clip(0, 255).astype(np.uint8)
        for _ in range(4)
    ]
    measured = flicker((x, x) for x in noisy)
    # The mean of |a − b| of two normal values is 2σ/√π; flow makes it a little less.
    assert measured.source == pytest.approx(2 * 4 / np.sqrt(np.pi), rel=0.25)
    assert measured.added == 0


def test_cuts_are_left_out() -> None:
    other = 255 - textured(3)[::-1]
    clip = [textured(0), textured(0), other, other]
    measured = flicker((x, shifted(x, 5 * (i % 2))) for i, x in enumerate(clip))
    assert (measured.pairs, measured.left_out) == (2, 1)
    assert measured.added == pytest.approx(5, abs=0.3)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="expected at least two frames of one scene, got none"):
        flicker([(textured(0), textured(0))])
    with pytest.raises(ValueError, match="expected frames of one size"):
        flicker([(textured(0), textured(0)[:50])])


def test_flow_follows_a_known_motion() -> None:
    before, now = grey(textured(0)), grey(textured(1, 3))
    motion = flow(now, before)
    inner = motion[20:-20, 20:-20]
    # What moves 3 px to the left was 3 px to the right.
    np.testing.assert_allclose(np.median(inner, (0, 1)), (3, 0), atol=0.1)
    back = moved(before, motion)
    assert np.abs(back[20:-20, 20:-20].astype(float) - now[20:-20, 20:-20]).mean() < 1
    seen = seen_before(now, before, motion)
    assert seen[20:-20, 20:-20].mean() > 0.95
    # The last three columns came from outside.
    assert not seen[:, -3:].any()


def test_tiny_frames_have_no_motion() -> None:
    assert not flow(np.zeros((31, 90), np.uint8), np.ones((31, 90), np.uint8)).any()


def steadied(clip: list[Pixels], results: list[Pixels], share: float) -> list[Pixels]:
    steady = Steady(share)
    return [
        (x + steady(x, y.astype(np.float32) - x)).round().clip(0, 255).astype(np.uint8)
        for x, y in zip(clip, results, strict=True)
    ]


@pytest.mark.parametrize("step", [0, 3])
def test_averaging_lowers_flicker_still_and_moving(step: int) -> None:
    clip = [textured(i, step) for i in range(12)]
    offsets = np.random.default_rng(2).normal(0, 6, 12)
    results = [shifted(x, 20 + offset) for x, offset in zip(clip, offsets, strict=True)]
    plain = flicker(zip(clip, results, strict=True))
    steady = flicker(zip(clip, steadied(clip, results, 0.8), strict=True))
    assert plain.added > 4
    assert steady.added < 0.35 * plain.added
    assert steady.added_areas < 0.35 * plain.added_areas


def test_an_average_by_hand() -> None:
    steady, still = Steady(0.75), np.full((40, 50, 3), 90, np.uint8)
    changes = [np.full((40, 50, 3), value, np.float32) for value in (8, 0, 4)]
    # 8; 0.75 · 8; 0.75 · 6 + 0.25 · 4
    assert [float(steady(still, change)[20, 20, 0]) for change in changes] == [8, 6, 5.5]


def test_a_cut_starts_anew_and_a_constant_change_stays() -> None:
    steady, first, second = Steady(0.9), textured(0), 255 - textured(3)[::-1]
    ten, minus = np.full(first.shape, 10, np.float32), np.full(first.shape, -10, np.float32)
    for frame in (first, textured(1, 3)):
        np.testing.assert_allclose(steady(frame, ten), 10, rtol=1e-5)
    assert np.mean(steady(second, minus)) < -9


def test_a_video_made_steady_flickers_less_and_the_command_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [textured(i, 2) for i in range(10)])
    figures = []
    for name, steady in (("plain", 0.0), ("steady", 0.8)):
        offsets = iter(np.random.default_rng(3).normal(0, 8, 10))

        def network(pixels: Pixels, offsets: "object" = offsets) -> Pixels:
            return shifted(pixels, next(offsets))  # type: ignore[call-overload]

        result = tmp_path / f"{name}.mp4"
        enhance_video(clip, result, enhance=network, key=name, steady=steady, crf=1, silent=True)
        with pytest.raises(SystemExit) as end:
            cli.main(["flicker", str(clip), str(result), "--json"])
        assert not end.value.code
        figures.append(json.loads(capsys.readouterr().out))
    assert figures[0]["pairs"] == figures[1]["pairs"] == 9
    assert figures[1]["added_areas"] < 0.4 * figures[0]["added_areas"] > 1
    with pytest.raises(SystemExit):
        cli.main(["flicker", str(clip), str(result), "--frames", "3"])
    assert "2 pairs of frames, 0 more at cuts left out" in capsys.readouterr().out


def test_videos_of_different_lengths_are_not_compared(tmp_path: Path) -> None:
    first, second = (
        write_clip(tmp_path / f"{n}.mp4", [scene(i) for i in range(n)]) for n in (4, 5)
    )
    with pytest.raises(VideoError, match=r"5\.mp4: expected 4 frames of 64×48, as .* got 5 frames"):
        flicker_of_files(first, second)
