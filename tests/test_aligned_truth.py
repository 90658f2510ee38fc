"""True pairs of patches are kept, where they truly are; false ones never."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.aligned import SIZE, reports_of, scene, settings_of, take
from tests.two_cameras import Cameras, residuals_px, shoot
from wespe.data.aligned import acquire
from wespe.data.aligned.source import work_folder
from wespe.photos.images import read_photo, write_photo

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.mark.slow
def test_kept_patches_are_where_they_truly_are(photos: Path) -> None:
    shots = take(photos)
    index = acquire("pairs", settings_of(), Path("out"))
    assert [entry.file for entry in index.photos] == [
        f"source/{name}.png" for name in sorted(shots)
    ]
    reports = reports_of(settings_of())
    residuals = [residuals_px(reports[name], shots[name], SIZE) for name in shots]
    median, high = np.percentile(np.concatenate(residuals), [50, 95])
    assert median < 0.2
    assert high < 1.0
    kept = sum(report.kept or 0 for report in reports.values())
    flat = sum(report.refused.get("flat", 0) for report in reports.values())
    cells = sum(report.cells or 0 for report in reports.values())
    assert kept >= 0.9 * (cells - flat)
    assert kept > 100
    assert all((report.overlap or 0) > 0.5 for report in reports.values())


def test_the_pixels_are_those_of_both_photos_at_the_reported_places(photos: Path) -> None:
    shot = take(photos, ("coffee.png",))["coffee"]
    settings = settings_of()
    acquire("pairs", settings, Path("out"))
    report = reports_of(settings)["coffee"]
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
        assert np.asarray(np.corrcoef(np.stack([grey.ravel() for grey in greys])))[
            0, 1
        ] == pytest.approx(alike, abs=1e-3)
        assert alike > 0.9


@pytest.mark.slow
def test_no_patch_is_kept_of_photos_of_different_scenes(photos: Path) -> None:
    shots = take(photos)
    names = sorted(shots)
    for number, name in enumerate(names):
        write_photo(photos / "canon" / f"{name}.png", shots[names[number - 1]].target)
    with pytest.raises(ValueError, match=r"got 3 pairs .* none with a patch, 3 no common scene"):
        acquire("pairs", settings_of(), Path("out"))
    assert all(not report.patches for report in reports_of(settings_of()).values())


def test_no_patch_is_kept_where_part_of_the_photos_differs(photos: Path) -> None:
    shot = take(photos, ("coffee.png",))["coffee"]
    half = shot.target.shape[1] // 2
    changed = shot.target.copy()
    changed[:, half:] = cv2.resize(scene("chelsea.png"), changed.shape[1::-1])[:, half:]
    write_photo(photos / "canon" / "coffee.png", changed)
    acquire("pairs", settings_of(), Path("out"))
    report = reports_of(settings_of())["coffee"]
    places = np.array(report.patches)[:, [1, 0]].astype(float)
    right = shot.place(places + np.array([SIZE, SIZE / 2]))[:, 0]
    assert report.kept
    assert report.kept > 10
    assert right.max() < half + 0.3 * SIZE
    assert report.refused["unlike"] > 5


@pytest.mark.slow
def test_turned_cropped_and_smaller_targets_are_aligned_too(photos: Path) -> None:
    shot = take(photos, ("coffee.png",))["coffee"]
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
    write_photo(photos / "canon" / "smaller.png", np.asarray(small, np.uint8))
    # Lying on its side without telling: the homography turns it.
    write_photo(photos / "phone" / "lying.png", shot.source)
    write_photo(photos / "canon" / "lying.png", np.rot90(shot.target).copy())
    index = acquire("pairs", settings_of(), Path("out"))
    assert index.skipped == []
    reports = reports_of(settings_of())
    for name in ("turned", "smaller", "lying"):
        report = reports[name]
        assert report.kept
        assert report.cells
        assert report.kept >= 0.9 * (report.cells - report.refused.get("flat", 0))
    assert np.median(residuals_px(reports["turned"], shot, SIZE)) < 0.3
    overlap = {name: report.overlap or 0 for name, report in reports.items()}
    assert overlap["cropped"] == pytest.approx(0.5 * overlap["turned"], rel=0.25)
    # The poorer of the two decides: a quarter of the pixels are left.
    magnification = {name: report.magnification or 0 for name, report in reports.items()}
    assert magnification["smaller"] == pytest.approx(0.5 * magnification["coffee"], rel=0.02)
    cells = {name: report.cells or 0 for name, report in reports.items()}
    assert cells["smaller"] < 0.6 * cells["coffee"]


@pytest.mark.slow
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
        shots[name] = shoot(
            np.asarray(scene, np.uint8), Cameras(source_scale=0.8), np.random.default_rng(number)
        )
        for side, pixels in (("phone", shots[name].source), ("canon", shots[name].target)):
            write_photo(photos / side / f"{name}.png", pixels)
    index = acquire("pairs", settings_of(), Path("out"))
    assert len(index.photos) == 2
    reports = reports_of(settings_of())
    residuals = np.concatenate([residuals_px(reports[name], shots[name], SIZE) for name in shots])
    median, high = np.percentile(residuals, [50, 95])
    assert median < 1
    assert high < 3
    assert sum(report.kept or 0 for report in reports.values()) > 100
