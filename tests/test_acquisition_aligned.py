"""Two cameras' photos become pairs of patches: true ones are kept, false ones never."""

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
import skimage
from PIL import Image

from tests.conftest import ROOT
from tests.two_cameras import Cameras, Shot, residuals_px, shoot
from wespe.acquisition.aligned import AlignedSettings, acquire, source
from wespe.acquisition.aligned.pair import Pair, Report, align
from wespe.acquisition.aligned.patches import correlation
from wespe.acquisition.aligned.settings import Thresholds
from wespe.acquisition.aligned.source import find_pairs, split, work_folder
from wespe.acquisition.index import PhotoIndex, read_index, write_index
from wespe.evaluation import evaluate
from wespe.files import read_json
from wespe.images import Pixels, read_photo, write_photo
from wespe.patches.extraction import extract
from wespe.patches.store import PatchSet, check_pairs

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
SIZE = 48
# Gentle differences: photos of 500 px are small beside what cameras make.
NEAR = Cameras(source_scale=0.8, target_scale=1.0)
NAMES = ("coffee.png", "chelsea.png", "astronaut.png")


def _scene(name: str) -> Pixels:
    """A photo of scikit-image, 600 px wide."""
    pixels = read_photo(Path(skimage.__file__).parent / "data" / name).pixels
    factor = 600 / pixels.shape[1]
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor), np.uint8)


def _shots(folder: Path, names: tuple[str, ...] = NAMES, **changes: Any) -> dict[str, Shot]:
    """Photos of both cameras below `folder`, by the scene's name."""
    shots = {}
    for number, name in enumerate(names):
        cameras = Cameras(**{**vars(NEAR), **changes})
        shot = shoot(_scene(name), cameras, np.random.default_rng(number))
        shots[Path(name).stem] = shot
        write_photo(folder / "phone" / f"{Path(name).stem}.png", shot.source)
        write_photo(folder / "canon" / f"{Path(name).stem}.png", shot.target)
    return shots


def _settings(part: str = "source", **changes: Any) -> AlignedSettings:
    values = {
        "kind": "aligned",
        "path": "photos",
        "source": "phone",
        "target": "canon",
        "part": part,
        "held_out": 0.0,
        "size_px": SIZE,
        "work": "work",
        **changes,
    }
    return AlignedSettings(**values)


def _reports(settings: AlignedSettings) -> dict[str, Report]:
    folder = work_folder(settings) / "reports"
    return {
        path.relative_to(folder).with_suffix("").as_posix(): Report(**read_json(path))
        for path in folder.rglob("*.json")
    }


def _reasons(index: PhotoIndex) -> dict[str, str]:
    return {entry.file: entry.reason for entry in index.skipped}


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the photos go; they are aligned in this process, since others cost seconds to start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source, "ordered_map", map)
    return Path("photos")


def test_kept_patches_are_where_they_truly_are(photos: Path) -> None:
    shots = _shots(photos)
    index = acquire("pairs", _settings(), Path("out"))
    assert [entry.file for entry in index.photos] == [
        f"source/{name}.png" for name in sorted(shots)
    ]
    reports = _reports(_settings())
    residuals = [residuals_px(reports[name], shots[name], SIZE) for name in shots]
    median, high = np.percentile(np.concatenate(residuals), [50, 95])
    assert median < 0.2
    assert high < 1.0
    kept = sum(report.kept for report in reports.values())
    flat = sum(report.refused.get("flat", 0) for report in reports.values())
    cells = sum(report.cells for report in reports.values())
    assert kept >= 0.9 * (cells - flat)
    assert kept > 100
    assert all(report.overlap > 0.5 for report in reports.values())


def test_the_pixels_are_those_of_both_photos_at_the_reported_places(photos: Path) -> None:
    shot = _shots(photos, ("coffee.png",))["coffee"]
    settings = _settings()
    acquire("pairs", settings, Path("out"))
    report = _reports(settings)["coffee"]
    folder = work_folder(settings)
    ours, theirs = (
        read_photo(folder / side / "coffee.png").pixels.reshape(-1, SIZE, SIZE, 3)
        for side in ("source", "target")
    )
    assert len(ours) == len(theirs) == report.used == len(report.patches)
    for patch, mine, other in zip(report.patches, ours, theirs, strict=True):
        y, x, _, _, alike = patch
        # The camera's own pixels, not resampled.
        assert np.array_equal(mine, shot.source[int(y) : int(y) + SIZE, int(x) : int(x) + SIZE])
        greys = [
            cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
            for pixels in (mine, other)
        ]
        assert np.corrcoef(*(grey.ravel() for grey in greys))[0, 1] == pytest.approx(
            alike, abs=1e-3
        )
        assert alike > 0.9


def test_no_patch_is_kept_of_photos_of_different_scenes(photos: Path) -> None:
    shots = _shots(photos)
    names = sorted(shots)
    for number, name in enumerate(names):
        write_photo(photos / "canon" / f"{name}.png", shots[names[number - 1]].target)
    with pytest.raises(ValueError, match=r"got 3 pairs .* none with a patch, 3 no common scene"):
        acquire("pairs", _settings(), Path("out"))
    assert all(not report.patches for report in _reports(_settings()).values())


def test_no_patch_is_kept_where_part_of_the_photos_differs(photos: Path) -> None:
    shot = _shots(photos, ("coffee.png",))["coffee"]
    half = shot.target.shape[1] // 2
    changed = shot.target.copy()
    changed[:, half:] = cv2.resize(_scene("chelsea.png"), changed.shape[1::-1])[:, half:]
    write_photo(photos / "canon" / "coffee.png", changed)
    acquire("pairs", _settings(), Path("out"))
    report = _reports(_settings())["coffee"]
    places = np.array(report.patches)[:, [1, 0]].astype(float)
    right = shot.place(places + np.array([SIZE, SIZE / 2]))[:, 0]
    assert report.kept > 10
    assert right.max() < half + 0.3 * SIZE
    assert report.refused["unlike"] > 5


def test_what_cannot_be_used_is_named_and_the_rest_goes_on(photos: Path) -> None:
    shot = _shots(photos)["coffee"]
    for name in ("broken", "mirrored", "identical", "tiny", "flat", "alone", "twice"):
        write_photo(photos / "phone" / f"{name}.png", shot.source)
    (photos / "canon" / "broken.png").write_bytes(b"no photo")
    write_photo(photos / "canon" / "mirrored.png", shot.target[:, ::-1].copy())
    write_photo(photos / "canon" / "identical.tif", shot.source)
    write_photo(photos / "canon" / "tiny.png", shot.target[:30, :40].copy())
    write_photo(photos / "canon" / "flat.png", np.full_like(shot.target, 90))
    write_photo(photos / "canon" / "twice.png", shot.target)
    write_photo(photos / "canon" / "twice.jpg", shot.target)
    index = acquire("pairs", _settings(), Path("out"))
    assert len(index.photos) == 3
    reasons = _reasons(index)
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


def test_turned_cropped_and_smaller_targets_are_aligned_too(photos: Path) -> None:
    shot = _shots(photos, ("coffee.png",))["coffee"]
    # Stored on its side, with the EXIF entry that turns it up again.
    exif = Image.Exif()
    exif[0x0112] = 6
    (photos / "phone" / "turned.jpg").parent.mkdir(exist_ok=True)
    Image.fromarray(np.rot90(shot.source)).save(
        photos / "phone" / "turned.jpg", exif=exif, quality=95
    )
    write_photo(photos / "canon" / "turned.png", shot.target)
    width = shot.target.shape[1]
    write_photo(photos / "phone" / "cropped.png", shot.source)
    write_photo(photos / "canon" / "cropped.png", shot.target[:, width // 4 : -width // 4].copy())
    small = cv2.resize(shot.target, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    write_photo(photos / "phone" / "smaller.png", shot.source)
    write_photo(photos / "canon" / "smaller.png", small)
    # Lying on its side without telling: the homography turns it.
    write_photo(photos / "phone" / "lying.png", shot.source)
    write_photo(photos / "canon" / "lying.png", np.rot90(shot.target).copy())
    index = acquire("pairs", _settings(), Path("out"))
    assert index.skipped == []
    reports = _reports(_settings())
    for name in ("turned", "smaller", "lying"):
        assert reports[name].kept >= 0.9 * (
            reports[name].cells - reports[name].refused.get("flat", 0)
        )
    assert np.median(residuals_px(reports["turned"], shot, SIZE)) < 0.3
    assert reports["cropped"].overlap == pytest.approx(0.5 * reports["turned"].overlap, rel=0.25)
    # The poorer of the two decides: a quarter of the pixels are left.
    assert reports["smaller"].magnification == pytest.approx(
        0.5 * reports["coffee"].magnification, rel=0.02
    )
    assert reports["smaller"].cells < 0.6 * reports["coffee"].cells


def test_parts_are_pairs_and_share_no_scene_with_the_test(photos: Path) -> None:
    _shots(photos, (*NAMES, "rocket.jpg"))
    held_out = 0.25
    sets, digests = [], {}
    for part in ("source", "target"):
        index = acquire(part, _settings(part, held_out=held_out), Path(part))
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
    trained = {Path(file).stem for file in sets[0].manifest["photos"]}

    test = acquire("test", _settings("test", held_out=held_out), Path("test"))
    write_index(Path("test") / "index.json", test)
    tested = {Path(entry.file).stem.rpartition("-")[0] for entry in test.photos}
    assert (len(trained), len(tested), trained & tested) == (3, 1, set())
    for entry in test.photos[:5]:
        assert entry.reference == entry.file.replace("source/", "target/")
    about: dict[str, Any] = {"evaluation": "aligned", "pair": "none", "network": "none"}
    about |= {"baselines": {}, "out": Path("evaluated"), "pictures": 0}
    with pytest.raises(ValueError, match="source: expected photos, got strips of patches"):
        evaluate(read_index(Path("source") / "index.json"), lambda photo: photo, **about)
    summary = evaluate(read_index(Path("test") / "index.json"), lambda photo: photo, **about)
    assert summary["n_images"] == len(test.photos)
    assert summary["methods"]["enhanced"]["psnr_db"]["mean"] > 10


def test_many_patches_of_a_photo_are_thinned_evenly(photos: Path) -> None:
    _shots(photos, ("coffee.png",))
    index = acquire("pairs", _settings(max_patches=12), Path("out"))
    report = _reports(_settings(max_patches=12))["coffee"]
    assert index.photos[0].height_px == 12 * SIZE
    assert (report.used, len(report.patches)) == (12, 12)
    assert report.kept > 24
    rows = [y for y, *_ in report.patches]
    assert rows == sorted(rows)
    assert rows[-1] - rows[0] >= 4 * SIZE  # from the first row of patches to the last


def test_the_table_and_the_pictures_tell_what_became_of_each_pair(photos: Path) -> None:
    shots = _shots(photos, ("coffee.png", "chelsea.png"))
    write_photo(photos / "canon" / "chelsea.png", shots["coffee"].target)
    acquire("pairs", _settings(), Path("out"))
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
from wespe.acquisition.aligned import AlignedSettings, acquire, pair, source
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


def test_killed_it_goes_on_and_ends_with_the_same_bytes(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shots(photos)
    settings = _settings()
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
    acquire("pairs", _settings(work="again"), Path("again/out"))
    whole = work_folder(_settings(work="again"))
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) == 3 * 4
    for file in files:
        assert (whole / file).read_bytes() == (folder / file).read_bytes(), file


def test_a_photo_that_has_changed_is_aligned_again(photos: Path) -> None:
    shots = _shots(photos, ("coffee.png", "chelsea.png"))
    first = acquire("pairs", _settings(), Path("out"))
    times = {
        path.name: path.stat().st_mtime_ns
        for path in (work_folder(_settings()) / "reports").iterdir()
    }
    brighter = np.clip(shots["coffee"].target * 1.1, 0, 255).astype(np.uint8)
    write_photo(photos / "canon" / "coffee.png", brighter)
    again = acquire("target", _settings("target"), Path("out"))
    for path in (work_folder(_settings()) / "reports").iterdir():
        assert (path.stat().st_mtime_ns == times[path.name]) == (path.name == "chelsea.json")
    assert len(first.photos) == len(again.photos) == 2


def test_other_thresholds_have_a_folder_of_their_own() -> None:
    loose = _settings(thresholds={"min_correlation": 0.8})
    folders = {work_folder(settings) for settings in (_settings(), loose, _settings(size_px=64))}
    assert len(folders) == 3
    assert work_folder(_settings("test", held_out=0.5, licence="CC0")) == work_folder(_settings())


def test_scenes_are_held_out_evenly(photos: Path) -> None:
    for number in range(10):
        for side in ("phone", "canon"):
            write_photo(photos / side / f"{number}.png", np.zeros((4, 4, 3), np.uint8))
    pairs, skipped = find_pairs("pairs", _settings())
    assert (len(pairs), skipped) == (10, [])
    tested = split(pairs, _settings("test", held_out=0.2))
    assert [pair.name for pair in tested] == ["0", "5"]
    trained = split(pairs, _settings("source", held_out=0.2))
    assert {pair.name for pair in trained} == {pair.name for pair in pairs} - {"0", "5"}
    assert split(pairs, _settings("test", held_out=0.0)) == []
    assert split(pairs, _settings("test", held_out=1.0)) == pairs


def test_a_missing_folder_is_named(photos: Path) -> None:
    write_photo(photos / "phone" / "a.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(
        ValueError, match="source mine: expected a folder of photos at photos/canon"
    ):
        acquire("mine", _settings(), Path("out"))


def test_real_photos_through_known_homographies(photos: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("no real photos here")
    files = {
        "phone": SHARED / "dped" / "iphone_full" / "0.jpg",
        "clic": sorted((SHARED / "clic2025").glob("*.png"))[1],
    }
    shots = {}
    for number, (name, file) in enumerate(files.items()):
        scene = cv2.resize(
            read_photo(file).pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA
        )
        shots[name] = shoot(scene, Cameras(source_scale=0.8), np.random.default_rng(number))
        for side, pixels in (("phone", shots[name].source), ("canon", shots[name].target)):
            write_photo(photos / side / f"{name}.png", pixels)
    index = acquire("pairs", _settings(), Path("out"))
    assert len(index.photos) == 2
    reports = _reports(_settings())
    residuals = np.concatenate([residuals_px(reports[name], shots[name], SIZE) for name in shots])
    median, high = np.percentile(residuals, [50, 95])
    assert median < 1
    assert high < 3
    assert sum(report.kept for report in reports.values()) > 100
