"""DIV2K by its true layout."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.published import SHARED, contents, folder, names, photos, zipped
from wespe.core.files import sha256
from wespe.data import div2k
from wespe.results.index import PhotoIndex

TRAIN = photos(f"DIV2K_train_HR/{number:04}.png" for number in range(1, 4))
VALID = photos(f"DIV2K_valid_HR/{number:04}.png" for number in (801, 802))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(div2k, "_NUMBERS", {"train": range(1, 4), "valid": range(801, 803)})


def acquire(path: Path, tmp_path: Path, **more: Any) -> PhotoIndex:
    settings = div2k.Div2kSettings(kind="div2k", path=str(path), raw=str(tmp_path / "raw"), **more)
    return div2k.acquire("target", settings, tmp_path / "out")


def test_the_published_numbers_are_those_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert {part: len(numbers) for part, numbers in div2k._NUMBERS.items()} == {
        "train": 800,
        "valid": 100,
    }


def test_archives_give_both_parts_and_the_parts_share_no_photo(tmp_path: Path) -> None:
    here = tmp_path / "here"
    zipped(here / "DIV2K_train_HR.zip", TRAIN)
    zipped(here / "DIV2K_valid_HR.zip", VALID)
    index = acquire(here, tmp_path)
    assert names(index) == ["0001.png", "0002.png", "0003.png", "0801.png", "0802.png"]
    assert index.origin == "DIV2K, high resolution, train and valid"
    assert (index.photos[0].width_px, index.simulated) == (8, False)
    parts = [contents(acquire(here, tmp_path, part=part)) for part in ("train", "valid")]
    assert [len(part) for part in parts] == [3, 2]
    assert parts[0] | parts[1] == contents(index)


def test_unpacked_folders_do_as_they_are(tmp_path: Path) -> None:
    both = folder(tmp_path / "both", TRAIN | VALID)
    assert len(acquire(both, tmp_path).photos) == 5
    assert names(acquire(both / "DIV2K_valid_HR", tmp_path, part="valid")) == [
        "0801.png",
        "0802.png",
    ]


def test_a_dataset_that_is_not_whole_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    some = folder(tmp_path / "some", photos(["DIV2K_train_HR/0001.png", "DIV2K_train_HR/0003.png"]))
    expected = r"source target: expected 0001\.png to 0003\.png in .*, got 2 of them; .*complete: f"
    with pytest.raises(ValueError, match=expected):
        acquire(some, tmp_path, part="train")
    index = acquire(some, tmp_path, part="train", complete=False)
    assert names(index) == ["0001.png", "0003.png"]


@pytest.mark.skipif(not SHARED.exists(), reason="real samples are not here")
def test_real_photos(tmp_path: Path) -> None:
    top = tmp_path / "DIV2K_train_HR"
    top.mkdir()
    for number in (0, 1):
        shutil.copy(SHARED / "div2k" / f"{number}.png", top / f"{number + 1:04}.png")
    index = acquire(tmp_path, tmp_path, part="train", complete=False)
    assert [photo.width_px for photo in index.photos] == [2040, 2040]
    assert index.photos[0].sha256 == sha256(SHARED / "div2k" / "0.png")
