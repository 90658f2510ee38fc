"""Photo indexes on disk."""

from pathlib import Path

import pytest

from wespe.results.index import PhotoEntry, PhotoIndex, Skipped, read_index, write_index

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


@pytest.mark.parametrize("text", ["{", "[]", '{"photos": []}', '{"photos": [1], "skipped": []}'])
def test_what_is_no_index_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "index.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=str(path)):
        read_index(path)
