"""The source `aligned`: what it refuses, its parts, its table, and how it goes on after a stop."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.aligned import NAMES, SIZE, reasons_of, reports_of, settings_of, take
from tests.conftest import ROOT
from wespe.data.aligned import acquire
from wespe.data.aligned.pair import Pair, align
from wespe.data.aligned.patches import correlation
from wespe.data.aligned.settings import Thresholds
from wespe.data.aligned.source import find_pairs, split, work_folder
from wespe.data.patches.extraction import extract
from wespe.data.patches.store import PatchSet, check_pairs
from wespe.judging.evaluation import evaluate
from wespe.photos.images import read_photo, write_photo
from wespe.results.index import read_index, write_index


@pytest.mark.slow
def test_what_cannot_be_used_is_named_and_the_rest_goes_on(photos: Path) -> None:
    shot = take(photos)["coffee"]
    for name in ("broken", "mirrored", "identical", "tiny", "flat", "alone", "twice"):
        write_photo(photos / "phone" / f"{name}.png", shot.source)
    (photos / "canon" / "broken.png").write_bytes(b"no photo")
    write_photo(photos / "canon" / "mirrored.png", shot.target[:, ::-1].copy())
    write_photo(photos / "canon" / "identical.tif", shot.source)
    write_photo(photos / "canon" / "tiny.png", shot.target[:30, :40].copy())
    write_photo(photos / "canon" / "flat.png", np.full_like(shot.target, 90))
    write_photo(photos / "canon" / "twice.png", shot.target)
    write_photo(photos / "canon" / "twice.jpg", shot.target)
    index = acquire("pairs", settings_of(), Path("out"))
    assert len(index.photos) == 3
    reasons = reasons_of(index)
    assert reasons.pop("mirrored").startswith("no common scene: ")
    assert reasons == {
        "alone": "without a partner: 1 in phone, 0 in canon",
        "twice": "ambiguous: 1 in phone, 2 in canon",
        "broken": "unreadable: photos/canon/broken.png: not an image",
        "identical": "identical: source and target are one photo",
        "tiny": "too small: the target has 40×30 px",
        "flat": "no common scene: 0 of 0 matches agree, at least 20 inliers are needed",
    }


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = Pair("a", tmp_path / "a.png", tmp_path / "b.png")
    report = align(gone, folder=tmp_path, size_px=SIZE, max_patches=9, thresholds=Thresholds())
    assert report.reason == f"unreadable: {tmp_path / 'a.png'}: No such file or directory"
    assert list(tmp_path.iterdir()) == []  # asked for again, it is looked at again


@pytest.mark.slow
def test_parts_are_pairs_and_share_no_scene_with_the_test(photos: Path) -> None:
    take(photos, (*NAMES, "rocket.jpg"))
    held_out = 0.25
    sets, digests = [], {}
    for part in ("source", "target"):
        index = acquire(part, settings_of(part, held_out=held_out), Path(part))
        write_index(Path(part) / "index.json", index)
        digests[part] = [entry.sha256 for entry in index.photos]
        extract(
            read_index(Path(part) / "index.json"),
            Path(f"{part}.npy"),
            size_px=SIZE,
            mode="random",
            count=90,
            min_std=20.0,
            max_clipped=0.1,
            seed=0,
        )
        sets.append(PatchSet.open(Path(f"{part}.npy")))
    check_pairs(*sets)
    assert len(sets[0]) == 90
    assert digests["source"] != digests["target"]
    # Pairs are alike, and no others are: each patch is most like the one of its own number.
    greys = [
        [cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) for patch in patches.pixels[:40]]
        for patches in sets
    ]
    table = np.array([[correlation(one, other) for other in greys[1]] for one in greys[0]])
    assert (table.argmax(axis=1) == np.arange(40)).mean() > 0.95
    trained = {Path(file).stem for file in sets[0].manifest.photos}

    test = acquire("test", settings_of("test", held_out=held_out), Path("test"))
    write_index(Path("test") / "index.json", test)
    tested = {Path(entry.file).stem.rpartition("-")[0] for entry in test.photos}
    assert (len(trained), len(tested), trained & tested) == (3, 1, set())
    for entry in test.photos[:5]:
        assert entry.reference == entry.file.replace("source/", "target/")
    about: dict[str, Any] = {"evaluation": "aligned", "pair": "none", "network": "none"}
    about |= {"engine": "none", "baselines": {}, "metrics": ("psnr_db",)}
    about |= {"out": Path("evaluated"), "pictures": 0}
    with pytest.raises(ValueError, match="source: expected photos, got strips of patches"):
        evaluate(read_index(Path("source") / "index.json"), lambda photo: photo, **about)
    summary = evaluate(read_index(Path("test") / "index.json"), lambda photo: photo, **about)
    assert summary.n_images == len(test.photos)
    assert (summary.mean("enhanced", "psnr_db") or 0) > 10


def test_many_patches_of_a_photo_are_thinned_evenly(photos: Path) -> None:
    take(photos, ("coffee.png",))
    index = acquire("pairs", settings_of(max_patches=12), Path("out"))
    report = reports_of(settings_of(max_patches=12))["coffee"]
    assert index.photos[0].height_px == 12 * SIZE
    assert (report.used, len(report.patches)) == (12, 12)
    assert report.kept
    assert report.kept > 24
    rows = [y for y, *_ in report.patches]
    assert rows == sorted(rows)
    assert rows[-1] - rows[0] >= 4 * SIZE  # from the first row of patches to the last


@pytest.mark.slow
def test_the_table_and_the_pictures_tell_what_became_of_each_pair(photos: Path) -> None:
    shots = take(photos, ("coffee.png", "chelsea.png"))
    write_photo(photos / "canon" / "chelsea.png", shots["coffee"].target)
    acquire("pairs", settings_of(), Path("out"))
    with Path("out/alignment.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream)}
    assert rows["chelsea"]["reason"].startswith("no common scene")
    assert rows["chelsea"]["kept"] == ""
    coffee = rows["coffee"]
    assert coffee["reason"] == ""
    assert int(coffee["inliers"]) <= int(coffee["matches"])
    assert float(coffee["residual_px"]) < 1
    assert int(coffee["kept"]) <= int(coffee["cells"])
    for row in rows.values():
        picture = read_photo(Path(row["overlay"])).pixels
        assert 400 < max(picture.shape) <= 1600
    # Crosses are green in the middle of patches that are kept; JPEG changes the green a little.
    picture = read_photo(Path(coffee["overlay"])).pixels.astype(int)
    green = (picture[..., 1] > 180) & (picture[..., [0, 2]].max(axis=-1) < 90)
    assert green.sum() > int(coffee["kept"])


KILLED = """
import os, signal, sys
from pathlib import Path
from wespe.data.aligned import AlignedSettings, acquire, pair, source
from functools import partial

written = []
def write(path, value, real=pair.write_json):
    real(path, value)
    written.append(path)
    if len(written) == 2:
        (path.parent / ".torn.json").write_text("{")
        os.kill(os.getpid(), signal.SIGKILL)

pair.write_json = write
source.ordered_map = map
acquire("pairs", AlignedSettings(**eval(sys.argv[1])), Path("out"))
"""


@pytest.mark.slow
def test_killed_it_goes_on_and_ends_with_the_same_bytes(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(photos)
    settings = settings_of()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, repr(settings.model_dump(exclude={"thresholds"}))],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in Path("work").rglob("*.json")}
    assert len(before) == 3  # two reports and what a killed process left of another
    assert not Path("out").exists()
    acquire("pairs", settings, Path("out"))
    folder = work_folder(settings)
    kept = [path for path in before if path.exists()]
    assert len(kept) == 2
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)
    acquire("pairs", settings_of(work="again"), Path("again/out"))
    whole = work_folder(settings_of(work="again"))
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) == 3 * 4
    for file in files:
        assert (whole / file).read_bytes() == (folder / file).read_bytes(), file


@pytest.mark.slow
def test_a_photo_that_has_changed_is_aligned_again(photos: Path) -> None:
    shots = take(photos, ("coffee.png", "chelsea.png"))
    first = acquire("pairs", settings_of(), Path("out"))
    times = {
        path.name: path.stat().st_mtime_ns
        for path in (work_folder(settings_of()) / "reports").iterdir()
    }
    brighter = np.clip(shots["coffee"].target * 1.1, 0, 255).astype(np.uint8)
    write_photo(photos / "canon" / "coffee.png", brighter)
    again = acquire("target", settings_of("target"), Path("out"))
    for path in (work_folder(settings_of()) / "reports").iterdir():
        assert (path.stat().st_mtime_ns == times[path.name]) == (path.name == "chelsea.json")
    assert len(first.photos) == len(again.photos) == 2


def test_other_thresholds_have_a_folder_of_their_own() -> None:
    ours = settings_of()
    loose = settings_of(thresholds={"min_correlation": 0.8})
    folders = {work_folder(settings) for settings in (ours, loose, settings_of(size_px=64))}
    assert len(folders) == 3
    assert work_folder(settings_of("test", held_out=0.5, licence="CC0")) == work_folder(ours)


def test_scenes_are_held_out_evenly(photos: Path) -> None:
    for number in range(10):
        for side in ("phone", "canon"):
            write_photo(photos / side / f"{number}.png", np.zeros((4, 4, 3), np.uint8))
    pairs, skipped = find_pairs("pairs", settings_of())
    assert (len(pairs), skipped) == (10, [])
    tested = split(pairs, settings_of("test", held_out=0.2))
    assert [pair.name for pair in tested] == ["0", "5"]
    trained = split(pairs, settings_of("source", held_out=0.2))
    assert {pair.name for pair in trained} == {pair.name for pair in pairs} - {"0", "5"}
    assert split(pairs, settings_of("test", held_out=0.0)) == []
    assert split(pairs, settings_of("test", held_out=1.0)) == pairs


def test_a_missing_folder_is_named(photos: Path) -> None:
    write_photo(photos / "phone" / "a.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(
        ValueError, match="source mine: expected a folder of photos at photos/canon"
    ):
        acquire("mine", settings_of(), Path("out"))


@pytest.mark.slow
def test_whole_photos_of_held_out_scenes_come_with_the_targets_patches(photos: Path) -> None:
    shots = take(photos)
    held_out = 0.67
    test = acquire("test", settings_of("test", held_out=held_out), Path("test"))
    whole = acquire("whole", settings_of("whole", held_out=held_out), Path("whole"))
    write_index(Path("whole") / "index.json", whole)
    whole = read_index(Path("whole") / "index.json")
    assert len(whole.photos) == 2
    assert sum(len(entry.crops) for entry in whole.photos) == len(test.photos)
    patches = iter(test.photos)
    for entry in whole.photos:
        photo = read_photo(whole.path(entry)).pixels
        # The camera's own file, and in it, to the pixel, the patches of part `test`.
        assert np.array_equal(photo, shots[Path(entry.file).stem].source)
        for crop in entry.crops:
            patch = next(patches)
            ours = photo[crop.y : crop.y + SIZE, crop.x : crop.x + SIZE]
            assert np.array_equal(ours, read_photo(Path("test") / patch.file).pixels)
            assert patch.reference
            theirs = read_photo(whole.file_path(crop.reference)).pixels
            assert np.array_equal(theirs, read_photo(Path("test") / patch.reference).pixels)


def test_where_the_target_has_fewer_pixels_the_whole_photo_is_reduced(photos: Path) -> None:
    take(photos, ("coffee.png",), source_scale=1.0, target_scale=0.6)
    test = acquire("test", settings_of("test", held_out=1.0), Path("test"))
    whole = acquire("whole", settings_of("whole", held_out=1.0), Path("whole"))
    (entry,) = whole.photos
    photo = read_photo(Path("whole") / entry.file).pixels
    original = read_photo(photos / "phone" / "coffee.png").pixels
    assert photo.shape[0] == pytest.approx(0.6 * original.shape[0], rel=0.1)
    assert (entry.width_px, entry.height_px) == photo.shape[1::-1]
    for crop, patch in zip(entry.crops, test.photos, strict=True):
        ours = photo[crop.y : crop.y + SIZE, crop.x : crop.x + SIZE].astype(int)
        assert np.abs(ours - read_photo(Path("test") / patch.file).pixels).max() <= 1
