"""One walk for all that looks for photos."""

import os
from pathlib import Path, PurePosixPath

import pytest

from wespe.core.walk import walk


def make(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")


def names(root: Path) -> list[str]:
    return [str(file) for file in walk(root).files]


def test_files_at_any_depth_are_found_in_order_and_hidden_ones_are_not(tmp_path: Path) -> None:
    make(tmp_path, "b.jpg", "a/c/d.jpg", "a/b.jpg", ".hidden.jpg", ".git/e.jpg", "a/.thumbs/f.jpg")
    assert names(tmp_path) == ["a/b.jpg", "a/c/d.jpg", "b.jpg"]


def test_a_hidden_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    make(tmp_path, ".photos/a.jpg")
    assert names(tmp_path / ".photos") == ["a.jpg"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a.jpg", "photos/real/b.jpg")
    photos = tmp_path / "photos"
    (photos / "album").symlink_to(tmp_path / "elsewhere")
    (photos / "album_again").symlink_to(tmp_path / "elsewhere")
    (photos / "all").symlink_to(photos)
    (photos / "first").symlink_to(photos / "real")
    (photos / "single.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    assert names(photos) == ["album/a.jpg", "real/b.jpg", "single.jpg"]


def test_links_that_lead_nowhere_and_in_circles_are_named(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    (tmp_path / "circle.jpg").symlink_to(tmp_path / "circle.jpg")
    found = walk(tmp_path)
    assert [str(file) for file in found.files] == ["a.jpg"]
    assert [str(name) for name, _ in found.unreadable] == ["circle.jpg", "gone.jpg"]


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "open/a.jpg", "shut/b.jpg")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # Root, who runs some tests, may read everything.
    found = walk(tmp_path)
    assert [str(file) for file in found.files] == ["open/a.jpg"]
    assert found.unreadable == ((PurePosixPath("shut"), "Permission denied"),)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(tmp_path) == []


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        walk(tmp_path / "none")
