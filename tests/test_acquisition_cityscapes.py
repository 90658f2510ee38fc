"""Cityscapes by its true layout, and the official tool stood in for."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.published import SHARED, contents, folder, inventory, names, photos, zipped
from wespe.data import cityscapes
from wespe.results.index import PhotoIndex

FILES = photos(
    f"leftImg8bit/{part}/{city}/{city}_{number:06}_000019_leftImg8bit.png"
    for part, cities in {"train": ("aachen", "ulm"), "val": ("lindau",), "test": ("bonn",)}.items()
    for city in cities
    for number in range(4)
)
ARCHIVE = {**FILES, "README": b"Cityscapes", "license.txt": b"terms"}
COUNTS = {"train": 8, "val": 4, "test": 4}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cityscapes, "_COUNTS", COUNTS)


def acquire(path: Path, tmp_path: Path, part: str = "train", **more: Any) -> PhotoIndex:
    values = {"part": part, "raw": str(tmp_path / "raw"), **more}
    settings = cityscapes.CityscapesSettings(kind="cityscapes", path=str(path), **values)
    return cityscapes.acquire("car", settings, tmp_path)


def test_the_published_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert cityscapes._COUNTS == {"train": 2975, "val": 500, "test": 1525}


def test_parts_share_no_photo(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "leftImg8bit_trainvaltest.zip", ARCHIVE)
    parts = {part: acquire(archive, tmp_path, part) for part in COUNTS}
    assert {part: len(index.photos) for part, index in parts.items()} == COUNTS
    assert len(set().union(*map(contents, parts.values()))) == 16
    assert parts["val"].origin == "Cityscapes, val"


def test_the_papers_counts_are_settings(tmp_path: Path) -> None:
    here = folder(tmp_path / "here", FILES)
    index = acquire(here, tmp_path, count=4)
    expected = [f"{city}_{number:06}" for city in ("aachen", "ulm") for number in (0, 2)]
    assert [name[:-23] for name in names(index)] == expected


def test_a_part_that_lacks_photos_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    here = folder(tmp_path / "here", FILES)
    shutil.rmtree(here / "leftImg8bit" / "train" / "ulm")
    with pytest.raises(ValueError, match=r"expected 8 photos in .*train, got 4; .*complete: false"):
        acquire(here, tmp_path)
    assert len(acquire(here / "leftImg8bit", tmp_path, complete=False).photos) == 4


# The prompts of the tool as it is (cityscapesscripts 2.3.0): name, password, whether to keep them.
TOOL = """#!{python}
import getpass, pathlib, shutil, sys
options = sys.argv[1:]
assert options[:2] == ["--resume", "--destination_path"], options
said = [input("name: "), getpass.getpass("password: "), input("store? ")]
if said != ["me", "secret", "n"]:
    sys.exit("Bad credentials.")
shutil.copy({archive!r}, pathlib.Path(options[2]) / options[3])
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archive = zipped(tmp_path / "there.zip", ARCHIVE)
    path = tmp_path / "bin" / "csDownload"
    path.parent.mkdir()
    path.write_text(TOOL.format(python=sys.executable, archive=str(archive)))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CITYSCAPES_USERNAME", "me")
    monkeypatch.setenv("CITYSCAPES_PASSWORD", "secret")
    return path


def test_the_official_tool_downloads_with_an_account(tmp_path: Path, tool: Path) -> None:
    lines = inventory(tmp_path / "sources.csv", "cityscapes")
    assert len(acquire(lines, tmp_path).photos) == 8
    tool.unlink()
    assert len(acquire(lines, tmp_path, "val").photos) == 4
    assert (tmp_path / "raw" / "leftImg8bit_trainvaltest.zip").is_file()


def test_a_wrong_password_is_not_repeated(
    tmp_path: Path, tool: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = inventory(tmp_path / "sources.csv", "cityscapes")
    monkeypatch.setenv("CITYSCAPES_PASSWORD", "hidden")
    with pytest.raises(ValueError, match="csDownload failed, as its messages explain") as error:
        acquire(lines, tmp_path)
    said = "".join(capfd.readouterr())
    assert "Bad credentials." in said
    assert "hidden" not in said + str(error.value)


@pytest.mark.parametrize("lacking", ["CITYSCAPES_USERNAME", "CITYSCAPES_PASSWORD", "PATH"])
def test_what_is_lacking_is_named_with_how_to_get_it(
    tmp_path: Path, tool: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    lines = inventory(tmp_path / "sources.csv", "cityscapes")
    monkeypatch.setenv(lacking, "")
    with pytest.raises(ValueError, match="needs an account, the page with the terms") as error:
        acquire(lines, tmp_path)
    first, last = str(error.value).splitlines()
    what = "csDownload of the package" if lacking == "PATH" else f"{lacking} in the environment"
    assert f"expected {what}" in first
    assert "put leftImg8bit_trainvaltest.zip into" in last


@pytest.mark.skipif(not SHARED.exists(), reason="real samples are not here")
def test_real_photos(tmp_path: Path) -> None:
    shutil.copytree(SHARED / "cityscapes", tmp_path / "leftImg8bit" / "val" / "aachen")
    index = acquire(tmp_path, tmp_path, "val", complete=False)
    assert len(index.photos) == 3
    assert names(index)[0] == "aachen_000000_000019_leftImg8bit.png"
    # Those of this sample are resized; the archive's are 2048×1024.
    assert all(photo.width_px == 2 * photo.height_px for photo in index.photos)
