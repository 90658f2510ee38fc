"""Where a dataset comes from: given as a folder, as an archive, or downloaded once."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import servers
from tests.published import Files, folder, inventory, photos, tarred, zipped
from tests.servers import serving
from wespe.data.datasets import Archive, DatasetSettings, evenly, obtain

FILES = photos(["set/phone/0.jpg", "set/phone/1.jpg", "set/canon/0.jpg"])
ARCHIVE = Archive("mine", "set.gz", "set", "phone/*.jpg", (b"\x1f\x8b", b"PK"))


def settings(path: Path) -> DatasetSettings:
    return DatasetSettings(kind="mine", path=str(path), raw=str(path.parent / "raw"))


def obtained(path: Path) -> Files:
    """What `obtain` leads to, with the folder's own name in front."""
    place = obtain("camera", settings(path), ARCHIVE)
    assert place.name == "set"
    files = [file for file in place.rglob("*") if file.is_file()]
    return {str(file.relative_to(place.parent)): file.read_bytes() for file in files}


@pytest.mark.parametrize("below", ["", "set"])
def test_a_folder_with_the_content_is_taken_as_it_is(tmp_path: Path, below: str) -> None:
    path = folder(tmp_path / "here", FILES) / below
    assert obtained(path) == FILES
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("make", [tarred, zipped])
def test_an_archive_is_unpacked_once(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    path = make(tmp_path / "set.gz", FILES)
    assert obtained(path) == FILES
    unpacked = tmp_path / "raw" / "set" / "set" / "phone" / "0.jpg"
    before = unpacked.stat().st_mtime_ns
    assert obtained(path) == FILES
    assert unpacked.stat().st_mtime_ns == before
    more = FILES | photos(["set/phone/2.jpg"])
    assert obtained(make(tmp_path / "set.gz", more)) == more


def test_a_folder_with_the_archive_is_as_good(tmp_path: Path) -> None:
    tarred(tmp_path / "here" / "set.gz", FILES)
    assert obtained(tmp_path / "here") == FILES


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    folder(tmp_path / "here", photos(["other/0.jpg"]))
    expected = (
        r"source camera: expected set\.gz, or set/phone/\*\.jpg from it, in .*here, got neither"
    )
    with pytest.raises(ValueError, match=expected):
        obtained(tmp_path / "here")
    with pytest.raises(ValueError, match=r"expected an archive or a folder at .*none, got nothing"):
        obtained(tmp_path / "none")
    archive = zipped(tmp_path / "other.zip", photos(["other/0.jpg", "more/0.jpg"]))
    expected = r"expected set/phone/\*\.jpg in .*other\.zip, got more, other"
    with pytest.raises(ValueError, match=expected):
        obtained(archive)


def test_a_damaged_archive_says_what_to_do(tmp_path: Path) -> None:
    path = tarred(tmp_path / "set.gz", FILES)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"source camera: .*got a truncated one\nremove it to download it"
    ):
        obtained(path)


def test_a_download_is_unpacked_and_neither_is_done_again(tmp_path: Path) -> None:
    content = tarred(tmp_path / "there" / "set.gz", FILES).read_bytes()
    with serving(content) as server:
        hash = hashlib.sha256(content).hexdigest()
        lines = inventory(tmp_path / "sources.csv", "mine", server.url, len(content), hash)
        assert obtained(lines) == FILES
        assert obtained(lines) == FILES
        (tmp_path / "raw" / "set.gz").unlink()
        assert obtained(lines) == FILES
        assert len(server.asked) == 1


def test_sources_that_share_an_archive_download_it_once(tmp_path: Path) -> None:
    content = tarred(tmp_path / "there" / "set.gz", FILES).read_bytes()
    with serving(content) as server:
        lines = inventory(tmp_path / "sources.csv", "mine", server.url)
        found: list[Files] = []
        both = [threading.Thread(target=lambda: found.append(obtained(lines))) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert found == [FILES, FILES]
        assert len(server.asked) == 1


def test_what_was_unpacked_by_hand_in_the_raw_folder_is_taken(tmp_path: Path) -> None:
    folder(tmp_path / "raw" / "set", FILES)
    assert obtained(inventory(tmp_path / "sources.csv", "mine")) == FILES


def test_an_archive_put_into_the_raw_folder_by_hand_is_taken(tmp_path: Path) -> None:
    tarred(tmp_path / "raw" / "set.gz", FILES)
    assert obtained(inventory(tmp_path / "sources.csv", "mine")) == FILES


def test_what_cannot_be_downloaded_says_how_to_get_it(tmp_path: Path) -> None:
    with serving(b"", [servers.status(403)]) as server:
        lines = inventory(tmp_path / "sources.csv", "mine", server.url)
        with pytest.raises(ValueError, match=r"source camera: set\.gz could not") as error:
            obtained(lines)
    assert str(error.value).splitlines()[1:] == [
        f"{server.url}: expected the file, the server answered 403 Forbidden",
        "to get it by hand, see the page with the terms; put set.gz into "
        f"{tmp_path}/raw, or set sources.camera.path to it or to its unpacked folder",
    ]
    other = inventory(tmp_path / "other.csv", "other")
    with pytest.raises(ValueError, match=r"expected a line mine in .*other\.csv, got none"):
        obtained(other)


def test_evenly_takes_from_everywhere() -> None:
    assert evenly(range(10), 4) == [0, 2, 5, 7]
    assert evenly(range(3), 3) == evenly(range(3), 9) == evenly(range(3), None) == [0, 1, 2]
