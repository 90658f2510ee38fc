"""Clips for training: of videos, of folders of frames, and of an imagined camera over photos."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_inference_video_flicker import textured
from tests.videos import write_clip
from wespe.data.clips import ClipsSettings, acquire
from wespe.data.clips.imagined import imagined
from wespe.data.clips.runs import find_films, runs
from wespe.data.clips.settings import Motion
from wespe.data.patches.extraction import extract
from wespe.data.patches.store import PatchSet, check_clips
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import PhotoIndex

pytestmark = pytest.mark.slow

OTHER = 255 - textured(3)[::-1]


def index_of(folder: Path, out: Path, **settings: Any) -> PhotoIndex:
    given = {"size_px": 48, "frames": 3, "crops": 2, **settings}
    chosen = ClipsSettings.model_validate({"kind": "clips", "path": str(folder), **given})
    return acquire("moving", chosen, out)


def frames_of(out: Path, index: PhotoIndex, number: int) -> list[Pixels]:
    strip = read_photo(out / index.photos[number].file).pixels
    return np.split(strip, len(strip) // 48)


def test_no_run_crosses_a_cut_and_what_is_left_of_a_scene_is_in_none() -> None:
    first = [textured(i, 1) for i in range(7)]
    second = [OTHER[:, i : i + 150] for i in range(3)]
    padded = [np.pad(frame, ((0, 0), (0, 10), (0, 0)), "edge") for frame in second]
    found = [*runs([*first, *padded], 3)]
    assert len(found) == 3
    for run, start in zip(found[:2], (0, 3), strict=True):
        for frame, expected in zip(run, first[start:], strict=False):
            np.testing.assert_array_equal(frame, expected)
    np.testing.assert_array_equal(found[2][0], padded[0])


def test_clips_of_videos_and_of_folders_of_frames(tmp_path: Path) -> None:
    folder, out = tmp_path / "films", tmp_path / "out"
    write_clip(folder / "a" / "clip.mp4", [textured(i, 1) for i in range(7)])
    for number in range(12):
        write_photo(folder / "b" / f"frame{number}.png", textured(number, 1))
    assert [film.name for film in find_films(folder, ["**"])] == ["a/clip.mp4", "b"]
    index = index_of(folder, out)
    # Two runs of the video, four of the folder, two places each.
    assert len(index.photos) == 12
    assert (index.patch_px, index.simulated, index.root) == (48, False, "")
    for number in range(4, 12):
        run, frames = (number - 4) // 2, frames_of(out, index, number)
        whole = textured(3 * run, 1)
        places = [
            (y, x)
            for y in range(120 - 47)
            for x in range(160 - 47)
            if np.array_equal(whole[y : y + 48, x : x + 48], frames[0])
        ]
        (y, x) = places[0]
        # Frame 10 comes behind frame 9, and the place stays.
        for later in (1, 2):
            expected = textured(3 * run + later, 1)[y : y + 48, x : x + 48]
            np.testing.assert_array_equal(frames[later], expected)
    again = index_of(folder, tmp_path / "again")
    assert [entry.sha256 for entry in again.photos] == [entry.sha256 for entry in index.photos]


@pytest.mark.parametrize(("count", "crops", "made"), [(3, 4, 3), (2, 1, 2), (4, 2, 4), (5, 2, 4)])
def test_clips_of_many_short_films_are_not_more_than_asked_for(
    tmp_path: Path, count: int, crops: int, made: int
) -> None:
    for film in range(6):
        for number in range(4):
            file = tmp_path / "films" / str(film) / f"{number}.png"
            write_photo(file, textured(number + film, 1))
    index = index_of(tmp_path / "films", tmp_path / "out", frames=4, count=count, crops=crops)
    assert len(index.photos) == made
    assert not index.skipped


def test_they_become_patches_in_their_order(tmp_path: Path) -> None:
    for number in range(6):
        write_photo(tmp_path / "films" / f"{number}.png", textured(number, 1))
    index = index_of(tmp_path / "films", tmp_path / "out", frames=6)
    from dataclasses import replace

    rooted = replace(index, root=str(tmp_path / "out"))
    rule: dict[str, Any] = {"size_px": 48, "mode": "random", "min_std": 0.0, "max_clipped": 1.0}
    extract(rooted, tmp_path / "all.npy", count=100, seed=0, workers=1, **rule)
    patches = PatchSet.open(tmp_path / "all.npy")
    for frames in (2, 3, 6):
        check_clips(patches, frames)
    numbers, symmetries = patches.draw(0, 2, seed=1, stream=0, augment=True, frames=3)
    assert numbers.reshape(2, 3).tolist() == [[n, n + 1, n + 2] for n in numbers[::3].tolist()]
    assert {*(numbers[::3] % 3).tolist()} == {0}
    assert (symmetries.reshape(2, 3) == symmetries[::3, None]).all()
    for wrong in (4, 5):
        with pytest.raises(ValueError, match=f"to be clips of {wrong} frames or a multiple"):
            check_clips(patches, wrong)
    extract(rooted, tmp_path / "few.npy", count=6, seed=0, workers=1, **rule)
    with pytest.raises(ValueError, match=r"room for all its frames in patches\.count"):
        check_clips(PatchSet.open(tmp_path / "few.npy"), 6)


def test_an_imagined_camera_moves_as_far_as_it_is_said() -> None:
    photo = np.tile(textured(0), (2, 2, 1))
    still = Motion(objects=0, still=1)

    def frames(motion: Motion) -> Pixels:
        generator = np.random.default_rng(3)
        found = imagined(photo, size_px=64, frames=5, motion=motion, generator=generator)
        assert found is not None
        return found

    stays = frames(still)
    assert np.ptp(stays.astype(int), axis=0).max() == 0
    from wespe.photos.video.motion import flow

    alone = Motion(objects=0, still=0, shake_px=0)
    for motion in (alone.model_copy(update={"shift_px": 4, "zoom": 0, "turn_degrees": 0}), alone):
        greys = frames(motion)[..., 1].copy()
        lengths = np.linalg.norm(flow(greys[1], greys[0])[16:-16, 16:-16], axis=-1)
        assert 0.1 < np.median(lengths) <= motion.shift_px + 0.5


def test_ovals_of_the_photo_move_their_own_way_before_it() -> None:
    photo = np.tile(textured(0), (3, 3, 1))

    def frames(objects: int, deform_px: float = 0) -> Pixels:
        motion = Motion(objects=objects, deform_px=deform_px, still=0, shift_px=6, shake_px=0)
        generator = np.random.default_rng(1)
        found = imagined(photo, size_px=64, frames=6, motion=motion, generator=generator)
        assert found is not None
        return found

    without, one, two = (frames(objects) for objects in (0, 1, 2))
    covered = (one != without).any(-1)
    assert (covered.any((1, 2))).all()
    assert covered.mean() < 0.25
    assert (covered[0] != covered[-1]).any()
    assert (two != one).any()
    # What deforms does so from frame to frame, and what is behind does not.
    soft = frames(1, deform_px=3)
    np.testing.assert_array_equal(soft[0], one[0])
    assert (soft[-1] != one[-1]).any()
    np.testing.assert_array_equal(soft[~covered], one[~covered])


def test_a_photo_without_room_is_left_out() -> None:
    photo, generator = textured(0), np.random.default_rng(0)
    motion = Motion(objects=0, still=0, shift_px=20, shake_px=0)
    made = [
        imagined(photo, size_px=110, frames=9, motion=motion, generator=generator)
        for _ in range(20)
    ]
    assert any(found is None for found in made)


def test_clips_of_photos_are_simulated(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos" / "one.png", textured(0))
    write_photo(tmp_path / "photos" / "flat.png", np.full((200, 200, 3), 90, np.uint8))
    (tmp_path / "photos" / "broken.png").write_bytes(b"no photo")
    index = index_of(tmp_path / "photos", tmp_path / "out", photos=True)
    assert index.simulated
    assert {entry.file.partition("/")[0] for entry in index.photos} == {"one.png"}
    assert len(index.photos) == 2
    assert [entry.file for entry in index.skipped] == ["broken.png", "flat.png"]
    # Of three photos, a clip of each.
    few = index_of(tmp_path / "photos", tmp_path / "few", photos=True, count=3)
    assert [entry.sha256 for entry in few.photos] == [index.photos[0].sha256]


def test_videos_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    write_clip(folder / "short.mp4", [textured(i, 1) for i in range(2)])
    (folder / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"expected clips of videos .* got none; broken\.mp4"):
        index_of(folder, tmp_path / "out")
    for number, size in enumerate((120, 120, 120, 90)):
        write_photo(folder / "sizes" / f"{number}.png", textured(number, 1)[:size])
    index = index_of(folder, tmp_path / "out2")
    reasons = {entry.file: entry.reason for entry in index.skipped}
    assert reasons["short.mp4"].startswith("no 3 frames of one scene")
    assert reasons["sizes"].startswith("unreadable after 1 runs: expected a frame of the size")
    with pytest.raises(ValueError, match="expected a folder of clips"):
        index_of(tmp_path / "nowhere", tmp_path / "out3")


def test_of_too_many_runs_evenly_spread_ones_are_taken(tmp_path: Path) -> None:
    for number in range(24):
        write_photo(tmp_path / "films" / f"{number}.png", textured(number, 1))
    index = index_of(tmp_path / "films", tmp_path / "out", count=4)
    assert [entry.file for entry in index.photos] == [
        "./00001-0.png",
        "./00001-1.png",
        "./00005-0.png",
        "./00005-1.png",
    ]
