"""DPED by its true layout."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.published import SHARED, Files, contents, folder, names, photos, tarred
from wespe.data import dped
from wespe.results.index import PhotoIndex


def patches(camera: str, training: int = 5, testing: int = 3) -> Files:
    where = {"training_data": training, "test_data/patches": testing}
    return photos(
        f"dped/{camera}/{place}/{side}/{number}.jpg"
        for place, count in where.items()
        for side in (camera, "canon")
        for number in range(count)
    ) | photos(f"dped/{camera}/test_data/full_size_test_images/{number}.jpg" for number in range(4))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dped, "_PATCHES", {"iphone": (5, 3)})
    monkeypatch.setattr(dped, "_TEST_PHOTOS", 4)


def acquire(
    path: Path, tmp_path: Path, part: str, camera: str = "iphone", **more: Any
) -> PhotoIndex:
    values = {"camera": camera, "part": part, "raw": str(tmp_path / "raw"), **more}
    return dped.acquire("phone", dped.DpedSettings(kind="dped", path=str(path), **values), path)


def test_the_published_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert dped._PATCHES == {"iphone": (160_471, 4_353)}
    assert dped._TEST_PHOTOS == 29
    assert dped._HELD_OUT == {"iphone": 113, "blackberry": 113, "sony": 76}


def test_every_part_of_the_archive(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "dped.gz", patches("iphone") | patches("sony", 4, 2))
    found = {
        (camera, part): acquire(archive, tmp_path, part, camera)
        for camera in ("iphone", "sony")
        for part in ("phone", "canon", "test_patches", "test_photos")
    }
    assert [len(index.photos) for index in found.values()] == [5, 5, 3, 4, 4, 4, 2, 4]
    assert len(set().union(*map(contents, found.values()))) == 17 + 14
    index = found["iphone", "phone"]
    assert [entry.file for entry in index.photos] == [f"iphone/{n}.jpg" for n in range(5)]
    assert Path(index.root) == tmp_path / "raw" / "dped" / "dped" / "iphone" / "training_data"
    assert index.origin == "DPED, iphone, phone"
    assert all(entry.file.startswith("canon/") for entry in found["sony", "canon"].photos)


def test_test_patches_have_the_canons_as_references(tmp_path: Path) -> None:
    index = acquire(folder(tmp_path / "here", patches("iphone")), tmp_path, "test_patches")
    for entry in index.photos:
        reference = index.reference_path(entry)
        assert reference
        assert reference.is_file()
        assert entry.reference == f"canon/{Path(entry.file).name}"
    training = acquire(tmp_path / "here", tmp_path, "phone")
    assert not contents(index) & contents(training)
    assert all(entry.reference is None for entry in training.photos)


@pytest.mark.parametrize("below", ["", "dped"])
def test_an_unpacked_folder_does_as_it_is(tmp_path: Path, below: str) -> None:
    here = folder(tmp_path / "here", patches("blackberry", 6, 1)) / below
    assert len(acquire(here, tmp_path, "phone", "blackberry").photos) == 6


@pytest.mark.parametrize(
    ("gone", "camera", "part", "problem"),
    [
        ("training_data/iphone/4.jpg", "iphone", "phone", r"0\.jpg to 4\.jpg .*, got 4 and 5"),
        (
            "training_data/canon/2.jpg",
            "sony",
            "phone",
            r"0\.jpg to 4\.jpg of sony .*, got 5 and 4",
        ),
        ("test_data/patches/*/1.jpg", "sony", "test_patches", r"0\.jpg to 1\.jpg .*, got 2 and 2"),
        ("test_data/full_size_test_images/0.jpg", "sony", "test_photos", "4 photos .*, got 3"),
    ],
)
def test_what_is_not_whole_is_refused_unless_it_is_meant(
    tmp_path: Path, gone: str, camera: str, part: str, problem: str
) -> None:
    here = folder(tmp_path / "here", patches(camera))
    for file in (here / "dped" / camera).glob(gone):
        file.unlink()
    with pytest.raises(ValueError, match=rf"source phone: expected {problem}; .*complete: false"):
        acquire(here, tmp_path, part, camera)
    assert acquire(here, tmp_path, part, camera, complete=False).photos


@pytest.mark.parametrize("layout", ["{camera}/{n}.jpg", "train/{camera}/{n}.JPG"])
def test_originals_held_out_are_held_out_for_both_cameras(tmp_path: Path, layout: str) -> None:
    # The Canon has scenes that the phone lacks.
    names_of = {"iphone": range(20), "canon": range(26)}
    here = folder(
        tmp_path / "here",
        photos(
            layout.format(camera=camera, n=n)
            for camera, numbers in names_of.items()
            for n in numbers
        ),
    )
    found = {
        (part, split): set(
            names(acquire(here, tmp_path, f"{part}_originals", split=split, held_out=5))
        )
        for part in ("phone", "canon")
        for split in ("train", "test", "all")
    }
    assert [len(files) for files in found.values()] == [15, 5, 20, 21, 5, 26]
    assert found["phone", "test"] == found["canon", "test"]
    assert not found["canon", "train"] & found["phone", "test"]


def test_originals_that_come_with_a_split_keep_it(tmp_path: Path) -> None:
    places = {"train": range(6), "test": range(6, 8)}
    files = photos(
        f"original_images/{split}/{camera}/{n}.jpg"
        for split, numbers in places.items()
        for camera in ("iphone", "canon")
        for n in numbers
    )
    archive = tarred(tmp_path / "original_images.gz", files)
    for part in ("phone_originals", "canon_originals"):
        test = acquire(archive, tmp_path, part, split="test")
        assert names(test) == ["6.jpg", "7.jpg"]
        assert len(acquire(archive, tmp_path, part, split="train").photos) == 6


def test_patches_are_no_originals(tmp_path: Path) -> None:
    here = folder(tmp_path / "here", patches("iphone"))
    with pytest.raises(ValueError, match="got 0 of iphone and 0 of canon"):
        acquire(here, tmp_path, "phone_originals")


def test_only_originals_are_split(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="part phone has its own split: leave out `split`"):
        acquire(tmp_path, tmp_path, "phone", split="train")


@pytest.mark.skipif(not SHARED.exists(), reason="real samples are not here")
def test_real_patches_and_photos(tmp_path: Path) -> None:
    top = tmp_path / "dped" / "iphone"
    for camera in ("iphone", "canon"):
        (top / "test_data" / "patches" / camera).mkdir(parents=True)
        for number in range(40):
            shutil.copy(
                SHARED / "dped" / "patches" / camera / f"{number}.jpg",
                top / "test_data" / "patches" / camera,
            )
    (top / "test_data" / "full_size_test_images").mkdir()
    for number in (0, 1):
        shutil.copy(
            SHARED / "dped" / "iphone_full" / f"{number}.jpg",
            top / "test_data" / "full_size_test_images",
        )
    index = acquire(tmp_path, tmp_path, "test_patches", complete=False)
    assert len(index.photos) == 40
    assert {(entry.width_px, entry.height_px) for entry in index.photos} == {(100, 100)}
    index = acquire(tmp_path, tmp_path, "test_photos", complete=False)
    assert {entry.width_px * entry.height_px for entry in index.photos} == {2048 * 1536}
