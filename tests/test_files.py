import hashlib
import multiprocessing
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from wespe.core.files import (
    BusyError,
    atomic_file,
    atomic_folder,
    lock,
    read_json,
    sha256,
    write_json,
)


def test_file_appears_whole_and_as_readable_as_any_other(tmp_path: Path) -> None:
    path, plain = tmp_path / "new" / "file.txt", tmp_path / "plain.txt"
    plain.write_text("plain")
    with atomic_file(path) as temporary:
        temporary.write_text("content")
        assert temporary.suffix == ".txt"
        assert temporary.name.startswith(".")
        assert not path.exists()
    assert path.read_text() == "content"
    assert path.stat().st_mode == plain.stat().st_mode
    assert list(path.parent.iterdir()) == [path]


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("earlier")
    path.chmod(0o600)
    with atomic_file(path) as temporary:
        temporary.write_text("content")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("content", 0o600)


def test_interrupted_file_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("earlier")
    with suppress(KeyboardInterrupt), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_replaces_the_earlier_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    for name in ("first", "second"):
        with atomic_folder(path) as temporary:
            (temporary / name).write_text(name)
        assert [file.name for file in path.iterdir()] == [name]
    assert path.stat().st_mode & 0o777 == 0o755
    assert list(path.parent.iterdir()) == [path]


def test_interrupted_folder_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "earlier").write_text("earlier")
    with suppress(KeyboardInterrupt), atomic_folder(path) as temporary:
        (temporary / "half").write_text("half")
        raise KeyboardInterrupt
    assert [file.name for file in path.iterdir()] == ["earlier"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_of_a_folder_goes_with_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with suppress(KeyboardInterrupt), atomic_folder(path) as temporary:
        left = temporary
        raise KeyboardInterrupt
    left.mkdir()
    (left / "half").write_text("half")
    with atomic_folder(path) as temporary:
        (temporary / "whole").write_text("whole")
    assert sorted(tmp_path.rglob("*")) == [path, path / "whole"]


def test_a_file_in_the_place_of_a_folder_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.write_text("a file")
    with (
        pytest.raises(NotADirectoryError, match="expected a folder, got a file"),
        atomic_folder(path),
    ):
        pass
    assert path.read_text() == "a file"


def test_an_error_of_a_full_disk_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(OSError, match="No space left on device") as caught, atomic_file(path):
        raise OSError(28, "No space left on device")  # as from a write, which has no name
    assert caught.value.filename == str(path)
    with pytest.raises(FileNotFoundError) as caught, atomic_file(path):
        (tmp_path / "another").read_text()
    assert caught.value.filename == str(tmp_path / "another")


def test_json_comes_back_and_equal_values_give_equal_bytes(tmp_path: Path) -> None:
    value = {"name": "Zürich", "sizes": [1, 2.5, None]}
    write_json(tmp_path / "a.json", value)
    write_json(tmp_path / "b.json", read_json(tmp_path / "a.json"))
    assert read_json(tmp_path / "b.json") == value
    assert sha256(tmp_path / "a.json") == sha256(tmp_path / "b.json")
    assert "Zürich" in (tmp_path / "a.json").read_text("utf-8")


@pytest.mark.parametrize("content", [b"{half", b"\xff\xfe"])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.json: expected JSON"):
        read_json(tmp_path / "bad.json")


def test_sha256(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def _hold(path: Path) -> int:
    try:
        with lock(path):
            return 0
    except BusyError:
        return 1


@pytest.mark.slow
def test_lock_lets_one_process_in(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with multiprocessing.get_context("spawn").Pool(1) as other:
        with lock(path):
            assert other.apply(_hold, (path,)) == 1
        assert other.apply(_hold, (path,)) == 0
    assert path.exists()


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = f"""
from pathlib import Path
from wespe.core.files import lock
with lock(Path({str(path)!r})):
    print("held", flush=True)
    input()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError, match="lock: another process holds"), lock(path):
            pass
        holder.kill()
        holder.wait()
        with lock(path):
            pass


@pytest.mark.parametrize("remove", [False, True])
def test_only_one_is_in_whether_or_not_the_file_goes(tmp_path: Path, remove: bool) -> None:
    path, inside, most, entries = tmp_path / "lock", 0, 0, 0

    def enter() -> None:
        nonlocal inside, most, entries
        for _ in range(10):
            with lock(path, wait=True, remove=remove):
                inside += 1
                entries += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (entries, most) == (40, 1)
    assert path.exists() is not remove


def test_a_file_that_goes_under_one_who_waits_is_made_again(tmp_path: Path) -> None:
    path, got = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with lock(path, wait=True):
            got.set()

    with lock(path, remove=True):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.wait(0.2)
    waiting.join()
    assert got.is_set()
    assert path.exists()


def test_another_thread_may_release(tmp_path: Path) -> None:
    held = lock(tmp_path / "lock")
    held.__enter__()
    other = threading.Thread(target=held.__exit__, args=(None, None, None))
    other.start()
    other.join()
    with lock(tmp_path / "lock"):
        pass


def test_a_folder_that_another_process_makes_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "photos"
    with atomic_folder(path) as temporary:
        (temporary / "first").touch()
        with pytest.raises(BusyError, match=f"^{path}: another process is making this folder"):
            atomic_folder(path).__enter__()
        assert (temporary / "first").exists()
    assert [file.name for file in tmp_path.rglob("*")] == ["photos", "first"]
