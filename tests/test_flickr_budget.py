"""The budget of calls an hour: exact, kept on disk, and free of real waiting here."""

import json
from pathlib import Path

import pytest

from wespe.data.flickr.budget import Budget


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self, start: float = 1e9) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.time += wait_s

    def budget(self, path: Path, calls: int = 3) -> Budget:
        return Budget(path, calls=calls, now=self.now, sleep=self.sleep, report=lambda line: None)


def test_calls_beyond_the_budget_wait_until_the_oldest_is_an_hour_old(tmp_path: Path) -> None:
    clock = Clock()
    budget = clock.budget(tmp_path / "calls.json")
    for _ in range(3):
        budget.take()
        clock.time += 10
    assert clock.slept == []
    budget.take()
    assert clock.slept == [3570]
    budget.take()
    assert clock.slept == [3570, 10]


def test_no_hour_ever_has_more_calls_than_the_budget(tmp_path: Path) -> None:
    clock, made = Clock(), []
    for number in range(60):
        # Each call is one of another process.
        clock.budget(tmp_path / "calls.json", calls=7).take()
        made.append(clock.time)
        clock.time += (number * 137) % 600
    for start in made:
        assert sum(start <= then < start + 3600 for then in made) <= 7
    assert clock.slept


def test_a_restart_does_not_forget_calls(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        clock.budget(tmp_path / "calls.json").take()
    clock.budget(tmp_path / "calls.json").take()
    assert clock.slept == [3600]


def test_a_smaller_budget_holds_from_the_next_call_on(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        clock.budget(tmp_path / "calls.json").take()
        clock.time += 100
    clock.budget(tmp_path / "calls.json", calls=2).take()
    # The second call has to get old, and with it the first.
    assert clock.slept == [3600 - 200]


def test_a_clock_that_was_set_back_stops_no_one_for_more_than_an_hour(tmp_path: Path) -> None:
    clock = Clock(2e9)
    for _ in range(3):
        clock.budget(tmp_path / "calls.json").take()
    clock.time = 1e9
    clock.budget(tmp_path / "calls.json").take()
    assert sum(clock.slept) <= 3600


def test_long_waits_are_told(tmp_path: Path) -> None:
    clock, told = Clock(), list[str]()
    budget = Budget(
        tmp_path / "calls.json", calls=1, now=clock.now, sleep=clock.sleep, report=told.append
    )
    budget.take()
    budget.take()
    assert told == ["1 calls this hour: waiting 3600 s"]


def test_only_times_are_on_disk(tmp_path: Path) -> None:
    clock = Clock()
    clock.budget(tmp_path / "calls.json").take()
    assert json.loads((tmp_path / "calls.json").read_text()) == [pytest.approx(1e9)]
