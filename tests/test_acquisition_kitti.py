"""KITTI's raw drives by their true layout."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.published import SHARED, Files, contents, folder, inventory, names, photos, zipped
from tests.servers import serving
from wespe.data import kitti
from wespe.results.index import PhotoIndex

DRIVES = ("2011_09_26_drive_0001", "2011_09_26_drive_0002", "2011_09_29_drive_0026")
TEST = "2011_09_26_drive_0046"


def drive(name: str, frames: int = 4) -> Files:
    top = f"{name[:10]}/{name}_sync"
    files = photos(
        f"{top}/{camera}/data/{frame:010}.png"
        for camera in ("image_00", "image_02", "image_03")
        for frame in range(frames)
    )
    files[f"{top}/image_02/timestamps.txt"] = b"2011-09-26 13:02:25.964389445\n" * frames
    files[f"{top}/oxts/dataformat.txt"] = b"lat: latitude of the oxts-unit (deg)\n"
    return files


def acquire(path: Path, tmp_path: Path, **more: Any) -> PhotoIndex:
    values = {"drives": DRIVES, "test_drives": (TEST,), "raw": str(tmp_path / "raw"), **more}
    return kitti.acquire("car", kitti.KittiSettings(kind="kitti", path=str(path), **values), path)


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    for name in (*DRIVES, TEST):
        zipped(tmp_path / "here" / f"{name}_sync.zip", drive(name))
    return tmp_path / "here"


def test_a_drive_is_for_training_or_for_testing(tmp_path: Path, archives: Path) -> None:
    parts = {split: acquire(archives, tmp_path, split=split) for split in ("all", "train", "test")}
    assert {split: len(index.photos) for split, index in parts.items()} == {
        "all": 16,
        "train": 12,
        "test": 4,
    }
    assert not contents(parts["train"]) & contents(parts["test"])
    assert all(TEST in entry.file for entry in parts["test"].photos)
    # Named for both, a drive is for testing.
    both = acquire(archives, tmp_path, split="train", test_drives=(TEST, DRIVES[0]))
    assert not any(DRIVES[0] in entry.file for entry in both.photos)


def test_only_the_left_colour_camera_is_unpacked(tmp_path: Path, archives: Path) -> None:
    index = acquire(archives, tmp_path)
    assert all("/image_02/data/" in entry.file for entry in index.photos)
    kinds = {path.parent.parent.name for path in (tmp_path / "raw").rglob("*.png")}
    assert kinds == {"image_02"}


def test_the_papers_counts_are_settings(tmp_path: Path, archives: Path) -> None:
    index = acquire(archives, tmp_path, split="train", count=6)
    frames = [
        (entry.file.split("/")[-4][-9:-5], Path(entry.file).stem[-1]) for entry in index.photos
    ]
    assert frames == [(d, f) for d in ("0001", "0002", "0026") for f in ("0", "2")]
    default = kitti.KittiSettings(kind="kitti", path="")
    assert len(default.drives) == 28
    assert not set(default.drives) & set(default.test_drives)


def test_an_unpacked_folder_does_as_it_is(tmp_path: Path) -> None:
    files = {name: data for one in DRIVES for name, data in drive(one).items()}
    assert len(acquire(folder(tmp_path / "here", files), tmp_path, split="train").photos) == 12
    day = acquire(tmp_path / "here" / "2011_09_26", tmp_path, split="train", drives=DRIVES[:2])
    assert len(day.photos) == 8


def test_a_drive_that_lacks_photos_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    here = folder(tmp_path / "here", drive(TEST))
    next(here.rglob("image_02/data/*2.png")).unlink()
    with pytest.raises(ValueError, match=r"as there are lines in .*timestamps\.txt, 4, got 3"):
        acquire(here, tmp_path, split="test")
    index = acquire(here, tmp_path, split="test", complete=False)
    assert names(index) == ["0000000000.png", "0000000001.png", "0000000003.png"]


def test_drives_are_downloaded_by_name(tmp_path: Path) -> None:
    content = zipped(tmp_path / "there.zip", drive(TEST)).read_bytes()
    with serving(content) as server:
        lines = inventory(
            tmp_path / "sources.csv", "kitti_raw", server.url.replace("data.gz", "{drive}/{drive}")
        )
        assert len(acquire(lines, tmp_path, split="test").photos) == 4
        assert server.asked[0].path == f"/{TEST}/{TEST}"


def test_no_drives_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="source car: expected drives for test, got none"):
        acquire(tmp_path, tmp_path, split="test", test_drives=())


@pytest.mark.skipif(not SHARED.exists(), reason="real samples are not here")
def test_real_photos(tmp_path: Path) -> None:
    camera = tmp_path / "2011_09_26" / f"{TEST}_sync" / "image_02"
    (camera / "data").mkdir(parents=True)
    (camera / "timestamps.txt").write_text("2011-09-26 13:02:25.964389445\n" * 3)
    for number in range(3):
        shutil.copy(SHARED / "kitti" / f"{number:06}.png", camera / "data" / f"{number:010}.png")
    index = acquire(tmp_path, tmp_path, split="test")
    assert all(photo.width_px > 1200 and photo.height_px > 360 for photo in index.photos)
    assert len(index.photos) == 3
