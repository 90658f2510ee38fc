"""A fingerprint follows the content of photos, and nothing else."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wespe.pipeline import fingerprint as module
from wespe.pipeline.fingerprint import fingerprint


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    photo = Path("photos/a/0.jpg")
    photo.parent.mkdir(parents=True)
    photo.write_text("1")
    return photo


def age(*files: Path) -> None:
    """Make files as old as photos mostly are."""
    for file in files:
        os.utime(file, (time.time() - 60,) * 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo.write_text("2"),
        lambda photo: photo.rename(photo.with_name("1.jpg")),
        lambda photo: photo.with_name("more.jpg").write_text("1"),
        lambda photo: photo.unlink(),
    ],
    ids=["content", "name", "more", "less"],
)
def test_it_changes_with_names_and_contents(photo: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(Path("photos"))
    assert fingerprint(Path("photos")) == before
    change(photo)
    assert fingerprint(Path("photos")) != before


def test_it_stays_with_times_copies_and_hidden_files(photo: Path) -> None:
    before = fingerprint(Path("photos"))
    age(photo)
    photo.with_name(".DS_Store").touch()
    shutil.copytree("photos", "copy", copy_function=shutil.copyfile)
    assert fingerprint(Path("photos")) == fingerprint(Path("copy")) == before
    assert fingerprint(photo) == fingerprint(Path("copy/a/0.jpg")) != before
    assert fingerprint(Path("none")) == ""


def test_a_file_is_read_once(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    age(photo)
    # Its time of change, which nobody can set, is now.
    monkeypatch.setattr(module, "_SETTLED_S", -1)
    before = fingerprint(Path("photos"))
    with monkeypatch.context() as patch:
        patch.setattr(module, "sha256", lambda file: pytest.fail(f"{file} is read again"))
        assert fingerprint(Path("photos")) == before
    # The same size and the same time of modification: it is seen all the same.
    photo.write_text("2")
    age(photo)
    assert fingerprint(Path("photos")) != before


def test_a_file_that_may_still_change_is_read_again(photo: Path) -> None:
    before = fingerprint(photo)
    stat = photo.stat()
    photo.write_text("2")
    os.utime(photo, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fingerprint(photo) != before


def test_linked_folders_count(photo: Path) -> None:
    Path("elsewhere").mkdir()
    linked = Path("elsewhere/1.jpg")
    linked.write_text("1")
    before = fingerprint(Path("photos"))
    Path("photos/link").symlink_to(Path("elsewhere").absolute())
    Path("photos/circle").symlink_to(Path("photos").absolute())
    with_link = fingerprint(Path("photos"))
    linked.write_text("2")
    assert len({before, with_link, fingerprint(Path("photos"))}) == 3


def test_what_cannot_be_read_is_named(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = fingerprint(Path("photos"))
    assert capsys.readouterr().err == ""
    Path("photos/lost.jpg").symlink_to("nowhere.jpg")
    assert fingerprint(Path("photos")) == before
    assert "photos/lost.jpg: No such file or directory" in capsys.readouterr().err


def test_a_damaged_cache_is_made_anew(photo: Path) -> None:
    before = fingerprint(photo)
    module.CACHE.write_text("[1")
    assert fingerprint(photo) == before
