"""Photo indexes on disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from wespe.results.index import (
    Crop,
    PhotoEntry,
    PhotoIndex,
    Skipped,
    copy_photos,
    read_index,
    write_index,
)

ENTRY = PhotoEntry("a/1.jpg", 40, 30, "ab" * 32, "canon/1.jpg")


def test_an_index_survives_the_disk(tmp_path: Path) -> None:
    index = PhotoIndex("phone", "photos", "mine", False, [ENTRY], [Skipped("b.jpg", "empty file")])
    write_index(tmp_path / "index.json", index)
    assert read_index(tmp_path / "index.json") == index


def test_paths_are_below_the_root() -> None:
    index = PhotoIndex("phone", "photos", "mine", False, [ENTRY])
    assert index.path(ENTRY) == Path("photos/a/1.jpg")
    assert index.reference_path(ENTRY) == Path("photos/canon/1.jpg")
    assert index.reference_path(PhotoEntry("2.jpg", 40, 30, "cd" * 32)) is None


def test_an_empty_root_is_the_indexs_own_folder(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", PhotoIndex("demo", "", "mine", True, [ENTRY]))
    assert read_index(tmp_path / "index.json").path(ENTRY) == tmp_path / "a/1.jpg"


def test_a_copy_needs_no_other_folder(tmp_path: Path) -> None:
    crop = Crop(0, 0, 10, 10, "crops/1.png", "ef" * 32)
    index = PhotoIndex("phone", str(tmp_path / "photos"), "mine", False, [ENTRY])
    index = replace(index, photos=[replace(ENTRY, crops=(crop,))])
    files = ["a/1.jpg", "canon/1.jpg", "crops/1.png"]
    for file in [*files, "other.jpg"]:
        (tmp_path / "photos" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / file).write_text(file)
    copied = copy_photos(index, tmp_path / "source")
    write_index(tmp_path / "source" / "index.json", copied)
    (tmp_path / "photos").rename(tmp_path / "gone")
    read = read_index(tmp_path / "source" / "index.json")
    assert read.photos == index.photos
    assert [read.file_path(file).read_text() for file in files] == files
    assert not read.file_path("other.jpg").exists()


def test_photos_that_a_source_made_are_no_second_time_copied(tmp_path: Path) -> None:
    index = PhotoIndex("demo", "", "mine", True, [replace(ENTRY, reference=None)])
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").write_text("made")
    assert copy_photos(index, tmp_path) == index
    assert (tmp_path / "a/1.jpg").read_text() == "made"


@pytest.mark.parametrize("file", ["../1.jpg", "/1.jpg"])
def test_a_photo_outside_the_root_is_not_copied(tmp_path: Path, file: str) -> None:
    index = PhotoIndex("phone", "photos", "mine", False, [replace(ENTRY, file=file)])
    with pytest.raises(ValueError, match=f"^{file}: expected a photo below photos to copy"):
        copy_photos(index, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"photos": []}', '{"photos": [1], "skipped": []}'])
def test_what_is_no_index_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "index.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=str(path)):
        read_index(path)
