"""BSD100 by the true layout of BSDS300."""

from pathlib import Path
from typing import Any

import pytest

from tests.published import folder, names, photos, tarred
from wespe.data import bsd100
from wespe.results.index import PhotoIndex

TEST = photos(f"BSDS300/images/test/{number}.jpg" for number in (3096, 8023, 12084))
TRAIN = photos(["BSDS300/images/train/100075.jpg"])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bsd100, "_PHOTOS", 3)


def acquire(path: Path, tmp_path: Path, **more: Any) -> PhotoIndex:
    settings = bsd100.Bsd100Settings(
        kind="bsd100", path=str(path), raw=str(tmp_path / "raw"), **more
    )
    return bsd100.acquire("benchmark", settings, tmp_path / "out")


def test_the_archive_gives_its_test_photos_alone(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "BSDS300-images.tgz", TEST | TRAIN)
    index = acquire(archive, tmp_path)
    assert names(index) == ["12084.jpg", "3096.jpg", "8023.jpg"]
    assert index.licence == "non-commercial research and education"
    assert not list((tmp_path / "raw").rglob("100075.jpg"))


def test_an_unpacked_folder_does_as_it_is(tmp_path: Path) -> None:
    assert len(acquire(folder(tmp_path / "here", TEST | TRAIN), tmp_path).photos) == 3


def test_a_set_that_is_not_whole_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    some = folder(tmp_path / "some", dict([*TEST.items()][:2]))
    with pytest.raises(ValueError, match=r"source benchmark: expected 3 photos in .*, got 2; "):
        acquire(some, tmp_path)
    assert len(acquire(some, tmp_path, complete=False).photos) == 2


def test_the_published_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert bsd100._PHOTOS == 100
