"""What each result was made from, so that nothing else counts as done and nothing is replaced."""

import os
import shutil
from pathlib import Path

import pytest

from wespe.networks.inference.ledger import NAME, Ledger, Stamp, State

BY = "network 1.0"


def made(folder: Path, photo: Path, name: str = "a.jpg", by: str = BY) -> Path:
    """A result of `photo` in `folder`, noted."""
    folder.mkdir(exist_ok=True)
    result = folder / name
    result.write_bytes(b"result of " + photo.read_bytes())
    Ledger().add(photo, Stamp.of(photo), result, by)
    return result


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a photo")
    return path


def state(photo: Path, result: Path, by: str = BY) -> State:
    return Ledger().state(photo, result, by)[0]


def test_a_result_is_done_for_the_same_photo_and_settings(tmp_path: Path, photo: Path) -> None:
    assert state(photo, tmp_path / "out" / "a.jpg") is State.NEW
    result = made(tmp_path / "out", photo)
    assert state(photo, result) is State.DONE
    assert state(photo, result, "another network 1.0") is State.NEW
    photo.write_bytes(b"edited")
    assert state(photo, result) is State.NEW


def test_another_photo_of_the_same_name_is_not_done_and_loses_nothing(
    tmp_path: Path, photo: Path
) -> None:
    result = made(tmp_path / "out", photo)
    other = tmp_path / "card" / "a.jpg"
    other.parent.mkdir()
    other.write_bytes(b"another")
    found, why = Ledger().state(other, result, BY)
    assert found is State.TAKEN
    assert why == f"{result} is the result of {photo}"


def test_times_do_not_count_and_a_moved_photo_is_the_same(tmp_path: Path, photo: Path) -> None:
    result = made(tmp_path / "out", photo)
    os.utime(photo, (1, 1))
    os.utime(result, (2, 2))
    assert state(photo, result) is State.DONE
    assert state(photo.rename(tmp_path / "moved.jpg"), result) is State.DONE
    copy = shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert state(tmp_path / "moved.jpg", copy / "a.jpg") is State.DONE


def test_what_is_not_known_or_was_changed_is_not_replaced(tmp_path: Path, photo: Path) -> None:
    result = made(tmp_path / "out", photo)
    result.write_bytes(b"retouched by hand")
    assert Ledger().state(photo, result, BY) == (
        State.TAKEN,
        f"{result} has been changed since it was made",
    )
    foreign = tmp_path / "out" / "b.jpg"
    foreign.write_bytes(b"somebody's")
    assert state(photo, foreign) is State.TAKEN


def test_in_place_a_result_is_not_enhanced_again(tmp_path: Path, photo: Path) -> None:
    before = Stamp.of(photo)
    photo.write_bytes(b"enhanced")
    Ledger().add(photo, before, photo, BY)
    assert state(photo, photo) is State.DONE
    photo.write_bytes(b"another photo in its place")
    assert state(photo, photo) is State.NEW


def test_a_line_that_was_cut_off_costs_only_its_own_entry(tmp_path: Path, photo: Path) -> None:
    one, two = (made(tmp_path / "out", photo, name) for name in ("1.jpg", "2.jpg"))
    ledger = tmp_path / "out" / NAME
    ledger.write_bytes(ledger.read_bytes()[:-20])
    assert state(photo, one) is State.DONE
    assert state(photo, two) is State.TAKEN
    three = made(tmp_path / "out", photo, "3.jpg")
    assert state(photo, three) is State.DONE


def test_a_name_that_is_no_text_is_kept(tmp_path: Path, photo: Path) -> None:
    odd = photo.rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")))
    result = made(tmp_path / "out", odd, odd.name)
    assert state(odd, result) is State.DONE
