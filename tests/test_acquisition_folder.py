"""Indexing any directory of photos: what is meant, what is usable, and why not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wespe.core.files import sha256
from wespe.data.folder import FolderSettings, acquire
from wespe.photos.images import read_photo, write_photo
from wespe.results.index import PhotoIndex

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def _photo(path: Path, width: int = 8, height: int = 6, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    write_photo(path, pixels)
    return path


def _acquire(path: Path, **settings: Any) -> PhotoIndex:
    values = {"kind": "folder", "path": str(path), "min_side_px": 4, **settings}
    return acquire("mine", FolderSettings(**values), path / "out")


def _files(index: PhotoIndex) -> list[str]:
    return [photo.file for photo in index.photos]


def _reasons(index: PhotoIndex) -> dict[str, str]:
    return {entry.file: entry.reason for entry in index.skipped}


def test_photos_are_found_in_all_folders_sorted_and_measured(tmp_path: Path) -> None:
    for seed, file in enumerate(["b.png", "a/z.JPG", "a/c/d.webp"]):
        _photo(tmp_path / file, width=8 + seed, seed=seed)
    _photo(tmp_path / ".hidden.png", seed=3)
    _photo(tmp_path / ".cache" / "e.png", seed=4)
    (tmp_path / "notes.txt").write_text("no photo")
    index = _acquire(tmp_path)
    assert _files(index) == ["a/c/d.webp", "a/z.JPG", "b.png"]
    assert (index.photos[2].width_px, index.photos[2].height_px) == (8, 6)
    assert index.photos[2].sha256 == sha256(tmp_path / "b.png")
    assert index.skipped == []
    assert (index.source, index.root, index.simulated) == ("mine", str(tmp_path), False)
    assert index.origin == f"photos of folder {tmp_path}"


@pytest.mark.usefixtures("two_processes")
def test_several_processes_find_the_photos_in_order(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(9)]
    for number, name in enumerate(names):
        _photo(tmp_path / name, seed=number)
    assert _files(_acquire(tmp_path)) == names


def test_every_kind_of_photo_that_can_be_enhanced_is_found(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.new("RGB", (9, 7), (200, 40, 10)).save(tmp_path / "a.HEIC")
    Image.new("RGB", (9, 8)).save(tmp_path / "b.jfif", "JPEG")
    index = _acquire(tmp_path)
    assert [(photo.file, photo.height_px) for photo in index.photos] == [
        ("a.HEIC", 7),
        ("b.jfif", 8),
    ]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("**",), (), ["a.png", "raw/b.png", "raw/old/c.png"]),
        (("*",), (), ["a.png"]),
        (("raw/*",), (), ["raw/b.png"]),
        (("raw/**",), (), ["raw/b.png", "raw/old/c.png"]),
        (("**/[bc].png",), (), ["raw/b.png", "raw/old/c.png"]),
        (("**",), ("raw/old/**",), ["a.png", "raw/b.png"]),
        (("a.png", "raw/**"), ("**/b.png",), ["a.png", "raw/old/c.png"]),
    ],
)
def test_globs_choose_the_photos(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    for seed, file in enumerate(["a.png", "raw/b.png", "raw/old/c.png"]):
        _photo(tmp_path / file, seed=seed)
    assert _files(_acquire(tmp_path, include=include, exclude=exclude)) == expected


def test_unusable_files_are_skipped_with_their_reasons(tmp_path: Path) -> None:
    whole = _photo(tmp_path / "a.jpg", width=64, height=64)
    (tmp_path / "copy.jpg").write_bytes(whole.read_bytes())
    content = whole.read_bytes()
    (tmp_path / "truncated.jpg").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no photo")
    _photo(tmp_path / "tiny.png", width=8, height=3)
    index = _acquire(tmp_path)
    assert _files(index) == ["a.jpg"]
    reasons = _reasons(index)
    assert reasons.pop("truncated.jpg").startswith("unreadable: cannot be decoded: ")
    assert reasons == {
        "copy.jpg": "duplicate: of a.jpg",
        "empty.png": "unreadable: empty file",
        "text.png": "unreadable: not an image",
        "tiny.png": "too small: 8×3 px",
    }


def test_no_usable_photo_is_an_error_that_counts_the_reasons(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_text("no photo")
    _photo(tmp_path / "tiny.png", width=3)
    with pytest.raises(
        ValueError, match=r"source mine: .* got 4 photo files, 3 unreadable, 1 too sm"
    ):
        _acquire(tmp_path)


def test_a_folder_without_photos_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=f"expected usable photos in {tmp_path}, got 0 photo files"
    ):
        _acquire(tmp_path)


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"source mine: expected a folder of photos at .*absent"):
        _acquire(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"source mine: expected a folder of photos at .*canon"):
        _acquire(tmp_path, references="canon")


def test_references_are_found_by_file_name_and_are_no_photos_themselves(tmp_path: Path) -> None:
    for seed, name in enumerate(["0.png", "1.png"]):
        _photo(tmp_path / "phone" / name, seed=seed)
        _photo(tmp_path / "canon" / name, seed=seed + 10)
    index = _acquire(tmp_path, references="canon")
    assert [(photo.file, photo.reference) for photo in index.photos] == [
        ("phone/0.png", "canon/0.png"),
        ("phone/1.png", "canon/1.png"),
    ]


def test_photos_without_a_fitting_reference_are_skipped(tmp_path: Path) -> None:
    for seed, name in enumerate(["absent.png", "broken.png", "fits.png", "other.png"]):
        _photo(tmp_path / "phone" / name, seed=seed)
    _photo(tmp_path / "second" / "fits.png", seed=9)
    (tmp_path / "canon").mkdir()
    (tmp_path / "canon" / "broken.png").write_text("no photo")
    _photo(tmp_path / "canon" / "fits.png", seed=12)
    _photo(tmp_path / "canon" / "other.png", width=9, seed=13)
    index = _acquire(tmp_path, references="canon")
    assert _files(index) == ["phone/fits.png"]
    canon = tmp_path / "canon"
    assert _reasons(index) == {
        "phone/absent.png": f"without reference: {canon / 'absent.png'}: no such file",
        "phone/broken.png": f"without reference: {canon / 'broken.png'}: not an image",
        "phone/other.png": "reference of another size: 9×6 px",
        "second/fits.png": "ambiguous reference: also that of phone/fits.png",
    }


def test_real_patches_pair_up_and_the_constant_ones_are_duplicates() -> None:
    if not SHARED.is_dir():
        pytest.skip("no real photos here")
    include = ("iphone/10?.jpg", "iphone/177.jpg")
    index = _acquire(
        SHARED / "dped" / "patches", include=include, references="canon", min_side_px=100
    )
    assert len(index.photos) == 10
    assert index.photos[0].reference == "canon/100.jpg"
    assert _reasons(index) == {"iphone/177.jpg": "duplicate: of iphone/103.jpg"}


def test_links_are_followed_and_those_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    _photo(tmp_path / "elsewhere" / "a.png", seed=1)
    photos = tmp_path / "photos"
    _photo(photos / "b.png", seed=2)
    (photos / "album").symlink_to(tmp_path / "elsewhere")
    (photos / "lost").symlink_to(tmp_path / "nothing")
    index = _acquire(photos)
    assert _files(index) == ["album/a.png", "b.png"]
    assert _reasons(index) == {"lost": "unreadable: No such file or directory"}


def test_photos_can_be_made_smaller_first(tmp_path: Path) -> None:
    _photo(tmp_path / "photos" / "a.png", width=31, height=24)
    _photo(tmp_path / "photos" / "deep" / "a.jpg", width=20, height=20, seed=1)
    settings = FolderSettings(kind="folder", path=str(tmp_path / "photos"), reduce=3, min_side_px=9)
    index = acquire("photos", settings, tmp_path / "out")
    sizes = {photo.file: (photo.width_px, photo.height_px) for photo in index.photos}
    assert sizes == {"a.png.png": (10, 8), "deep/a.jpg.png": (6, 6)}
    large = read_photo(tmp_path / "photos" / "a.png").pixels[:, :30].astype(float)
    means = large.reshape(8, 3, 10, 3, 3).mean((1, 3))
    small = read_photo(tmp_path / "out" / "a.png.png").pixels
    np.testing.assert_allclose(small, means, atol=0.51)
    assert index.photos[0].sha256 == sha256(tmp_path / "out" / "a.png.png")
    assert index.origin.endswith("at 1/3 of their size")
    with pytest.raises(ValueError, match="reduce is for photos without references and crops"):
        FolderSettings(kind="folder", path="photos", reduce=2, references="canon")
