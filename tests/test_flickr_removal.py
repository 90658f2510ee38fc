"""Removal: ids or pages in, pictures gone, a list that stays."""

from pathlib import Path

import pytest

from wespe.acquisition.flickr.removal import photo_id, read_removed, remove


def test_pictures_of_all_sizes_go_and_the_list_grows(tmp_path: Path) -> None:
    for file in ("1280x720/1.jpg", "320x180/1.jpg", "1280x720/.2.download", "1280x720/11.jpg"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    deleted = remove(tmp_path, ["1", "https://www.flickr.com/photos/ann/2/"])
    assert {str(path.relative_to(tmp_path)) for path in deleted} == {
        *("1280x720/1.jpg", "320x180/1.jpg", "1280x720/.2.download")
    }
    assert (tmp_path / "1280x720" / "11.jpg").exists()
    assert remove(tmp_path, ["10", "1"]) == []
    assert (tmp_path / "removed.txt").read_text() == "1\n2\n10\n"
    assert read_removed(tmp_path) == {"1", "2", "10"}


def test_nothing_is_removed_where_one_is_no_photo(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected the id of a photo or .* got 'rain'"):
        remove(tmp_path, ["1", "rain"])
    assert read_removed(tmp_path) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        *("501", "https://www.flickr.com/photos/ann/501", "http://flickr.com/photos/1@N00/501/"),
        "https://www.flickr.com/photos/ann/501/in/photostream/",
    ],
)
def test_an_id_or_the_page(text: str) -> None:
    assert photo_id(text) == "501"


@pytest.mark.parametrize("text", ["", "../1", "50 1", "https://localhost/photos/ann/501"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected the id"):
        photo_id(text)
