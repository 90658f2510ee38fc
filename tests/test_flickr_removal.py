"""Removal: ids or pages in, pictures gone, a list that stays."""

from pathlib import Path

import pytest

from wespe.data.flickr.removal import photo_id, read_removed, remove


def test_pictures_of_all_sizes_go_and_the_list_grows(tmp_path: Path) -> None:
    raw, listed = tmp_path / "raw", tmp_path / "removed.txt"
    listed.write_text("# by request\n7\n")
    for file in ("1280x720/1.jpg", "320x180/1.jpg", "1280x720/.2.download", "1280x720/11.jpg"):
        (raw / file).parent.mkdir(exist_ok=True, parents=True)
        (raw / file).touch()
    deleted = remove(listed, ["1", "https://www.flickr.com/photos/ann/2/"], raw=raw)
    assert {str(path.relative_to(raw)) for path in deleted} == {
        *("1280x720/1.jpg", "320x180/1.jpg", "1280x720/.2.download")
    }
    assert (raw / "1280x720" / "11.jpg").exists()
    assert remove(listed, ["10", "1"], raw=raw) == []
    assert listed.read_text() == "# by request\n1\n2\n7\n10\n"
    assert read_removed(listed) == {"1", "2", "7", "10"}


def test_a_list_that_stays_as_it_is_is_not_touched(tmp_path: Path) -> None:
    listed = tmp_path / "removed.txt"
    listed.write_text("\n2\n1\n")
    remove(listed, ["1"], raw=tmp_path)
    assert listed.read_text() == "\n2\n1\n"


def test_nothing_is_removed_where_one_is_no_photo(tmp_path: Path) -> None:
    listed = tmp_path / "removed.txt"
    listed.touch()
    with pytest.raises(ValueError, match=r"expected the id of a photo or .* got 'rain'"):
        remove(listed, ["1", "rain"], raw=tmp_path)
    assert read_removed(listed) == frozenset()


def test_a_list_that_is_wrong_or_missing_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "removed.txt"
    with pytest.raises(ValueError, match=r"removed\.txt: expected the list .* found no file"):
        read_removed(listed)
    listed.write_text("# ids\n12\nann's photo\n")
    with pytest.raises(ValueError, match=r"expected one photo id .*, got \"ann's photo\""):
        read_removed(listed)


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
