"""How near videos are to the true one: known shifts, known noise, cuts, and the command."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.test_inference_video_flicker import shifted, textured
from tests.test_metrics_vgg_distance import weights
from tests.videos import scene, write_clip
from wespe import cli
from wespe.judging.metrics.luma import psnr_y_db
from wespe.judging.metrics.vgg_distance import vgg_distance
from wespe.judging.videos import compare_videos, likeness, t_lp, t_of_px
from wespe.networks.inference.video.flicker import flicker_of_files
from wespe.photos.images import Pixels
from wespe.photos.video.source import VideoError

__all__ = ["weights"]

pytestmark = pytest.mark.slow


def pair(number: int, true_px: int, made_px: int) -> tuple[Pixels, Pixels]:
    return textured(number, true_px), textured(number, made_px)


@pytest.mark.parametrize(("true_px", "made_px"), [(3, 3), (3, 1), (0, 4), (2, 0)])
def test_the_difference_of_known_motions(true_px: int, made_px: int) -> None:
    found = t_of_px(pair(0, true_px, made_px), pair(1, true_px, made_px), border_px=20)
    assert found == pytest.approx(abs(true_px - made_px), abs=0.15)


def test_a_copy_moves_as_the_original_wherever_it_is_and_whatever_its_light() -> None:
    true = [textured(i, 3) for i in range(3)]
    assert likeness(zip(true, true, strict=True)) == (math.inf, 0)
    _, motion = likeness(((x, shifted(x, 9)) for x in true), border_px=20)
    assert motion < 0.02
    # Moved as a whole by 8 px, it still moves by 3 px a frame.
    moved = [textured(i, 3)[:, 8:] for i in range(3)]
    assert likeness(zip([x[:, :-8] for x in true], moved, strict=True), border_px=20)[1] < 0.1


def test_shaking_counts() -> None:
    # It is 2 px to the left and back in turn: its motion is off by 2 px each time.
    true = [textured(0) for _ in range(4)]
    shaken = [textured(i % 2, 2) for i in range(4)]
    _, motion = likeness(zip(true, shaken, strict=True), border_px=20)
    assert motion == pytest.approx(2, abs=0.1)


def test_psnr_is_the_mean_over_frames_within_the_border() -> None:
    true = [textured(0) for _ in range(3)]
    made = [shifted(x, 2 * i + 2) for i, x in enumerate(true)]
    for frame in made:
        frame[:8] = 0
    expected = np.mean(
        [psnr_y_db(y[8:-8, 8:-8], x[8:-8, 8:-8]) for x, y in zip(true, made, strict=True)]
    )
    assert likeness(zip(true, made, strict=True), border_px=8)[0] == pytest.approx(expected)


def test_no_motion_is_measured_across_a_cut() -> None:
    other = 255 - textured(3)[::-1]
    true, made = [textured(0), textured(0), other, other], [textured(0)] * 2 + [other[:, ::-1]] * 2
    assert likeness(zip(true, made, strict=True))[1] == 0
    with pytest.raises(ValueError, match="two frames of one scene"):
        likeness([(textured(0), textured(0)), (other, other)])


def test_the_command_leaves_out_the_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    true = [textured(i, 2) for i in range(8)]
    made = [shifted(x, 60 if i in {0, 1, 6, 7} else 1) for i, x in enumerate(true)]
    paths = [
        write_clip(tmp_path / f"{name}.mkv", frames, codec_options={"crf": "0"})
        for name, frames in (("true", true), ("made", made))
    ]
    found = compare_videos(*paths)
    assert found.frames == 4
    assert found.psnr_y_db > 40
    assert found.t_of_px < 0.1
    assert compare_videos(*paths, ends=0).psnr_y_db < 35
    names = [str(path) for path in paths]
    with pytest.raises(SystemExit) as end:
        cli.main(["compare-videos", names[0], *names, "--json"])
    assert not end.value.code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["result"] for line in lines] == names
    assert (lines[0]["psnr_y_db"], lines[0]["t_of_px"], lines[0]["flicker"]) == (None, 0, 0)
    assert lines[1]["psnr_y_db"] == pytest.approx(found.psnr_y_db)
    with pytest.raises(SystemExit):
        cli.main(["compare-videos", *names])
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["RESULT", "frames"]
    assert row.split()[:3] == [names[1], "4", f"{found.psnr_y_db:.2f}"]


def test_what_changes_to_the_eye(weights: Path) -> None:
    # The truth stands still; the result is another picture every other frame.
    still, other = textured(0)[:48, :64], textured(4, 2)[:48, :64]
    true, made = [still] * 4, [still, still, other, still]
    apart = vgg_distance(other[8:-8, 8:-8], still[8:-8, 8:-8], weights=weights)
    found = t_lp(zip(true, made, strict=True), weights=weights, border_px=8)
    assert found == pytest.approx((0 + apart + apart) / 3)
    assert t_lp(zip(made, made, strict=True), weights=weights) == 0
    # Change that the truth has too does not count, whichever is sharper.
    blurred = [np.asarray(cv2.GaussianBlur(x, (0, 0), 1), np.uint8) for x in made]
    assert t_lp(zip(made, blurred, strict=True), weights=weights) < found
    with pytest.raises(ValueError, match="expected 16 px a side for t_lp, got 24×8"):
        t_lp(zip(true, made, strict=True), weights=weights, border_px=20)
    with pytest.raises(ValueError, match="two frames of one scene"):
        t_lp([(still, still)], weights=weights)


def test_the_command_measures_what_changes_to_the_eye(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [write_clip(tmp_path / f"{n}.mkv", [scene(i + n) for i in range(4)]) for n in (0, 1)]
    names, given = [str(path) for path in paths], ["--ends", "0", "--vgg-weights", str(weights)]
    found = compare_videos(*paths, ends=0, vgg_weights=weights).t_lp
    assert found is not None
    assert found > 0
    assert compare_videos(*paths, ends=0).t_lp is None
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit):
            cli.main(["compare-videos", *names, *given, *more])
        said = capsys.readouterr().out
        if more:
            assert json.loads(said)["t_lp"] == pytest.approx(found)
        else:
            head, row = said.splitlines()
            assert (head.split()[-1], row.split()[-1]) == ("tLP", f"{found:.3f}")
    with pytest.raises(SystemExit):
        cli.main(["compare-videos", *names, "--ends", "0", "--vgg-weights", "nowhere.safetensors"])
    assert "nowhere.safetensors: no such weights file" in capsys.readouterr().err


def test_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (
        write_clip(tmp_path / f"{n}.mp4", [scene(i) for i in range(n)]) for n in (5, 6)
    )
    with pytest.raises(VideoError, match=r"6\.mp4: expected 5 frames of 64×48, as .* got 6 frames"):
        compare_videos(first, second)
    with pytest.raises(SystemExit):
        cli.main(["compare-videos", str(first), str(second)])
    said = capsys.readouterr()
    assert said.out == ""  # No heads of a table that does not come.
    assert "got 6 frames" in said.err
    expected = r"5\.mp4: expected 6 frames, 4 for the ends and two to compare, got 5"
    with pytest.raises(VideoError, match=expected):
        compare_videos(first, first)
    with pytest.raises(ValueError, match="ends: expected 0 or more, got -1"):
        compare_videos(first, first, ends=-1)
    with pytest.raises(ValueError, match=r"border: expected to leave some of .* got 24 px"):
        compare_videos(first, first, ends=0, border_px=24)


def test_a_video_of_one_frame_or_of_cuts_is_refused_by_name(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.mp4", [scene(0)])
    with pytest.raises(VideoError, match=r"one\.mp4: expected 2 frames, got 1"):
        compare_videos(one, one, ends=0)
    cut = write_clip(tmp_path / "cut.mp4", [scene(0), 255 - scene(9)[::-1]])
    reason = "expected at least two frames of one scene, got none"
    with pytest.raises(VideoError, match=rf"cut\.mp4: {reason}"):
        compare_videos(cut, cut, ends=0)
    with pytest.raises(VideoError, match=rf"one\.mp4: {reason}"):
        flicker_of_files(one, one)
