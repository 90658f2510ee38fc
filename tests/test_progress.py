"""The line that says how far it is."""

import sys
import time

import pytest

from wespe.core.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_are_those_of_this_process(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("pair", total=400, done=100) as bar:
        bar.note({"step": 3, "total": 0.12345})
        clock[0] = 10
        bar.advance(20)
    assert capsys.readouterr().err.splitlines() == [
        "pair: resumes at step 100 of 400",
        "pair: 120 of 400  2.00 steps/s  left 0:02:20  total 0.123",
    ]


def test_bytes_and_an_unknown_end(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("dped.gz", total=None, unit="bytes") as bar:
        clock[0] = 2
        bar.advance(5_000_000)
    assert capsys.readouterr().err == "dped.gz: 5.0 MB  2.5 MB/s  left –\n"


def test_pixels_and_room_for_another_line(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda there=terminal: there)
        with Progress("photos", total=12_000_000, unit="pixels") as bar:
            clock[0] += 4
            bar.advance(3_000_000)
            capsys.readouterr()
            bar.clear()
            assert capsys.readouterr().err == ("\r\x1b[2K" if terminal else "")
        shown = "photos: 3.00 MP of 12.00 MP  0.75 MP/s  left 0:00:12"
        assert shown in capsys.readouterr().err


def test_a_terminal_keeps_one_line_and_a_file_gets_one_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda there=terminal: there)
        with Progress("pair", total=100) as bar:
            for _ in range(100):
                clock[0] += 1.1
                bar.advance()
        lines.append(capsys.readouterr().err)
    assert lines[0].count("\n") == 1 + 110 // 31
    assert (lines[1].count("\n"), lines[1].count("\r")) == (1, 101)
