"""Extraction goes on where it was stopped, and ends with the same bytes as if it never had been."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT
from wespe.core.files import BusyError, lock, sha256
from wespe.data.patches import extraction
from wespe.data.patches.extraction import extract
from wespe.data.patches.part import resumable
from wespe.data.patches.sampling import Cut
from wespe.data.patches.store import PatchSet
from wespe.photos.images import Photo, Pixels, read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex, write_index

SETTINGS: dict[str, Any] = {
    "size_px": 8,
    "mode": "random",
    "count": 120,
    "min_std": 5.0,
    "max_clipped": 1.0,
    "seed": 0,
    "workers": 1,
}
PHOTOS = 10

# Ends itself by SIGKILL once so many photos are noted in the journal; -1: with all, before the end.
KILLED = """
import os, signal, sys
from pathlib import Path
from wespe.results.index import read_index
from wespe.data.patches import extraction, part
from wespe.data.patches.extraction import extract

class Doomed(part.Part):
    def add(self, cut):
        super().add(cut)
        if len(self.finished) == int(sys.argv[2]):
            self.sync()
            os.kill(os.getpid(), signal.SIGKILL)

def kill(path):
    os.kill(os.getpid(), signal.SIGKILL)

part.Part = Doomed
if sys.argv[2] == "-1":
    extraction.sha256 = kill
extract(read_index(Path("index.json")), Path(sys.argv[1]), **eval(sys.argv[3]))
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhotoIndex:
    """Photos of which some are flat in part, so that gaps have to be closed."""
    monkeypatch.chdir(tmp_path)
    entries = []
    for number in range(PHOTOS):
        pixels = np.random.default_rng(number).integers(1, 255, (24, 40, 3), dtype=np.uint8)
        pixels[:, : 13 * (number % 4)] = 90
        write_photo(Path(f"{number}.png"), pixels)
        entries.append(PhotoEntry(f"{number}.png", 40, 24, sha256(Path(f"{number}.png"))))
    index = PhotoIndex("phone", ".", "noise", True, entries)
    write_index(Path("index.json"), index)
    return index


def _files(name: str) -> list[bytes]:
    return [Path(f"{name}{suffix}").read_bytes() for suffix in (".npy", ".json")]


def _killed(out: str, after: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, out, str(after), repr(SETTINGS)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_several_points_it_gives_the_same_bytes(
    index: PhotoIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(index, Path("whole.npy"), **SETTINGS)
    for after in (1, 4, 7, -1):
        _killed("stopped.npy", after)
        assert not Path("stopped.npy").exists()
    monkeypatch.setattr(extraction, "read_photo", _refuse)
    extract(index, Path("stopped.npy"), **SETTINGS)
    assert _files("stopped") == _files("whole")
    assert {path.name for path in Path().glob(".*")} == {".stopped.npy.lock", ".whole.npy.lock"}


def _refuse(path: Path) -> None:
    raise AssertionError(f"{path} is read again")


@pytest.mark.slow
def test_only_what_is_not_finished_is_cut_again(
    index: PhotoIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(index, Path("whole.npy"), **SETTINGS)
    _killed("stopped.npy", 4)
    read = []

    def counted(path: Path) -> Photo:
        read.append(path.name)
        return read_photo(path)

    monkeypatch.setattr(extraction, "read_photo", counted)
    extract(index, Path("stopped.npy"), **SETTINGS)
    assert read == [f"{number}.png" for number in range(4, PHOTOS)]
    assert _files("stopped") == _files("whole")


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"seed": 1}, {"count": 60}, {"min_std": 0.0}])
def test_what_was_begun_with_other_settings_is_dropped(
    index: PhotoIndex, changed: dict[str, Any]
) -> None:
    _killed("stopped.npy", 4)
    extract(index, Path("stopped.npy"), **SETTINGS | changed)
    extract(index, Path("whole.npy"), **SETTINGS | changed)
    assert _files("stopped") == _files("whole")


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda journal: journal.write_bytes(journal.read_bytes()[:-9]),
        lambda journal: journal.write_bytes(journal.read_bytes() + b'{"positions": [[1'),
        lambda journal: journal.write_bytes(b"\xff\xfe"),
        lambda journal: journal.unlink(),
        lambda journal: journal.with_name(".stopped.npy.part").unlink(),
    ],
    ids=["torn", "torn anew", "nonsense", "no journal", "no patches"],
)
def test_a_journal_that_is_torn_or_gone_costs_work_alone(index: PhotoIndex, spoil: Any) -> None:
    _killed("stopped.npy", 5)
    spoil(Path(".stopped.npy.journal"))
    extract(index, Path("stopped.npy"), **SETTINGS)
    extract(index, Path("whole.npy"), **SETTINGS)
    assert _files("stopped") == _files("whole")


def test_an_error_keeps_what_is_finished(index: PhotoIndex) -> None:
    def fail() -> None:
        with resumable(Path("set.npy"), "k") as part:
            part.add(Cut([(1, 2)]))
            part.sync()
            raise OSError(28, "full")

    with pytest.raises(OSError, match=r"full: 'set\.npy'"):
        fail()
    assert not Path("set.npy").exists()
    with resumable(Path("set.npy"), "k") as again:
        assert again.finished == [Cut([[1, 2]])]


def test_one_process_at_a_time(index: PhotoIndex) -> None:
    with lock(Path(".set.npy.lock")), pytest.raises(BusyError):
        extract(index, Path("set.npy"), **SETTINGS)


def _strip(file: str, count: int, seed: int) -> tuple[PhotoEntry, Pixels]:
    patches = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    patches[0] = 90  # flat, but one of a pair
    write_photo(Path(file), patches.reshape(-1, 8, 3))
    return PhotoEntry(file, 8, 8 * count, sha256(Path(file))), patches


def test_strips_of_finished_patches_are_taken_in_order_without_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sets = []
    for side in (0, 10):
        (one, first), (two, second) = (
            _strip(f"{side}{n}.png", count, side + n) for n, count in enumerate((3, 7))
        )
        index = PhotoIndex("aligned", ".", "strips", False, [one, two], patch_px=8)
        extract(index, Path("all.npy"), **SETTINGS)
        everything = PatchSet.open(Path("all.npy")).pixels
        assert np.array_equal(everything, np.concatenate([first, second]))
        manifest = extract(index, Path("some.npy"), **SETTINGS | {"count": 6})
        sets.append(manifest.patches)
    assert sets[0] == sets[1] == [(0, y, 0) for y in (0, 8, 16)] + [(1, y, 0) for y in (0, 16, 32)]


def test_strips_of_another_size_are_refused(index: PhotoIndex) -> None:
    strips = PhotoIndex("aligned", ".", "strips", False, index.photos, patch_px=100)
    with pytest.raises(ValueError, match=r"aligned: .* 8 px \(patches.size_px\), got .* 100 px"):
        extract(strips, Path("set.npy"), **SETTINGS)
