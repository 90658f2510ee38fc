import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wespe.core.files import BusyError, lock
from wespe.core.stopping import Terminated
from wespe.networks.fitting.engine import Batch, Outcome, Schedule, fit
from wespe.networks.fitting.monitor import DivergedError, Divergence
from wespe.photos.images import Pixels


class Halving:
    """A method for the engine alone: one number that every batch pulls towards itself."""

    def __init__(self) -> None:
        self.value = torch.tensor(1.0, dtype=torch.float64)
        self.seen: list[int] = []
        self.rates = {"all": 1.0}

    def train_step(self, batch: Batch, number: int) -> Mapping[str, Tensor]:
        self.seen.append(number)
        self.value = (self.value + batch[0]) / 2
        return {"value": self.value}

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        return None

    def sample(self) -> Pixels:
        return np.full((8, 8, 3), round(float(self.value) * 10) % 256, np.uint8)

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value = state["value"]


class StoppedError(Exception):
    """Stands for whatever ends a process in the middle of a training."""


def batch(index: int) -> Batch:
    return (torch.tensor(float(np.random.default_rng(index).random()), dtype=torch.float64),)


def run(
    folder: Path,
    step: Halving,
    *,
    stop_at: int | None = None,
    turn: int = 1,
    log: Any = None,
    rollbacks: int = 0,
) -> Outcome:
    asked: list[int] = []

    def batches(at: int) -> Batch:
        asked.append(at)
        if at == stop_at and asked.count(at) == turn:
            raise StoppedError
        return batch(at)

    return fit(
        step,
        batches,
        Schedule(10, save=3, log=2, sample=5),
        folder=folder,
        rollbacks=rollbacks,
        log=log or (lambda at, values: None),
    )


def test_logs_samples_and_progress(tmp_path: Path) -> None:
    logged: list[tuple[int, float]] = []
    step = Halving()
    outcome = run(tmp_path, step, log=lambda at, values: logged.append((at, values["value"])))
    assert step.seen == list(range(1, 11))
    assert [at for at, _ in logged] == [2, 4, 6, 8, 10]
    assert logged[-1][1] == float(step.value)
    lines = [json.loads(line) for line in (tmp_path / "losses.jsonl").read_text().splitlines()]
    assert lines == outcome.records
    assert [path.name for path in sorted((tmp_path / "samples").iterdir())] == [
        "000005.jpg",
        "000010.jpg",
    ]
    assert 0 <= outcome.data_seconds <= outcome.seconds


@pytest.mark.parametrize("stop_at", [0, 1, 3, 7, 9])
def test_resumed_equals_uninterrupted(tmp_path: Path, stop_at: int) -> None:
    whole = Halving()
    expected = run(tmp_path / "whole", whole)
    with pytest.raises(StoppedError):
        run(tmp_path / "parts", Halving(), stop_at=stop_at)
    resumed = Halving()
    outcome = run(tmp_path / "parts", resumed)
    assert torch.equal(resumed.value, whole.value)
    assert len(resumed.seen) == 10 - stop_at // 3 * 3  # it did not start over
    assert outcome.records == expected.records
    for name in ("losses.jsonl", "samples/000005.jpg", "samples/000010.jpg"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_resumed_training_logs_the_earlier_records_again(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        run(tmp_path, Halving(), stop_at=7)
    logged: list[tuple[int, set[str]]] = []
    run(tmp_path, Halving(), log=lambda at, values: logged.append((at, set(values))))
    assert logged == [(at, {"value"}) for at in (2, 4, 6, 8, 10)]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    run(tmp_path, Halving())
    again = Halving()
    run(tmp_path, again)
    assert again.seen == []


def terminate_at(step: Halving, number: int) -> Halving:
    """`step`, which receives SIGTERM within step `number`."""
    train = step.train_step

    def train_step(batch: Batch, at: int) -> Mapping[str, Tensor]:
        values = train(batch, at)
        if at == number:
            signal.raise_signal(signal.SIGTERM)
        return values

    vars(step)["train_step"] = train_step
    return step


@pytest.mark.parametrize("number", [1, 4, 6, 9])
def test_a_training_that_is_terminated_goes_on_from_its_last_step(
    tmp_path: Path, number: int
) -> None:
    whole = Halving()
    expected = run(tmp_path / "whole", whole)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated, match=f"stopped by SIGTERM; step {number} is saved"):
        run(tmp_path / "parts", terminate_at(Halving(), number))
    assert signal.getsignal(signal.SIGTERM) == before
    resumed = Halving()
    outcome = run(tmp_path / "parts", resumed)
    assert resumed.seen == list(range(number + 1, 11))
    assert torch.equal(resumed.value, whole.value)
    assert outcome.records == expected.records
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == names


def test_a_training_that_is_terminated_in_its_last_step_ends(tmp_path: Path) -> None:
    assert run(tmp_path, terminate_at(Halving(), 10)).step == 10


class Exploding(Halving):
    """Goes wrong in the steps from 6 on, unless the rate is low enough, as `after` says."""

    def __init__(self, *, bearable: float = 0.5, after: str = "nan") -> None:
        super().__init__()
        self.bearable, self.after = bearable, after

    def train_step(self, batch: Batch, number: int) -> Mapping[str, Tensor]:
        values = super().train_step(batch, number)
        if number < 6 or self.rates["all"] <= self.bearable:
            return values
        if self.after == "nan":
            return {"value": values["value"] * float("nan")}
        self.value = self.value * float("inf" if self.after == "state" else -1)
        return values

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        return Divergence("the value is negative") if self.value < 0 else None


def test_a_training_that_diverges_goes_back_and_on_at_a_lower_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[int] = []
    step = Exploding(bearable=0.25)
    outcome = run(tmp_path, step, rollbacks=2, log=lambda at, values: logged.append(at))
    # The steps up to 6, and after each of two times back to the save of step 3.
    assert step.seen == [*range(1, 7), *range(4, 7), *range(4, 11)]
    once = {"step": 6, "to_step": 3, "reason": "not finite: value"}
    expected = [{**once, "rates": {"all": 0.5}}, {**once, "rates": {"all": 0.25}}]
    assert outcome.rollbacks == expected
    assert "train: step 6: not finite: value; back to step 3, learning rates: all × 0.25" in (
        capsys.readouterr().err
    )
    # What the steps that were taken back left is gone, or made anew.
    calm = run(tmp_path / "calm", Halving())
    assert outcome.records == calm.records
    assert logged == [2, 4, 6, 8, 10]
    for name in ("losses.jsonl", "samples/000005.jpg", "samples/000010.jpg"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()


@pytest.mark.parametrize(
    ("after", "reason"), [("state", "not finite: value"), ("method", "negative")]
)
def test_a_state_and_a_method_may_show_it_too(tmp_path: Path, after: str, reason: str) -> None:
    outcome = run(tmp_path, Exploding(after=after), rollbacks=1)
    assert reason in outcome.rollbacks[0]["reason"]
    assert outcome.warning is None
    assert outcome.records == run(tmp_path / "calm", Halving()).records


@pytest.mark.parametrize("stop_at", [3, 5, 6, 8])
def test_resumed_after_going_back_equals_uninterrupted(tmp_path: Path, stop_at: int) -> None:
    """Stopped at the given number's second turn, where there are two."""
    whole = Exploding()
    expected = run(tmp_path / "whole", whole, rollbacks=1)
    turns = whole.seen.count(stop_at + 1)
    with pytest.raises(StoppedError):
        run(tmp_path / "parts", Exploding(), rollbacks=1, stop_at=stop_at, turn=turns)
    resumed = Exploding()
    outcome = run(tmp_path / "parts", resumed, rollbacks=1)
    assert resumed.rates == {"all": 0.5}
    assert len(resumed.seen) == 10 - stop_at // 3 * 3  # it did not diverge again
    assert torch.equal(resumed.value, whole.value)
    assert outcome.rollbacks == expected.rollbacks
    assert outcome.records == expected.records


@pytest.mark.parametrize("number", [4, 5])
def test_a_pause_is_nothing_to_go_back_to(tmp_path: Path, number: int) -> None:
    whole = Exploding()
    expected = run(tmp_path / "whole", whole, rollbacks=1)
    with pytest.raises(Terminated):
        run(tmp_path / "parts", terminate_at(Exploding(), number), rollbacks=1)
    resumed = Exploding()
    outcome = run(tmp_path / "parts", resumed, rollbacks=1)
    assert outcome.rollbacks == expected.rollbacks
    assert outcome.rollbacks[0]["to_step"] == 3
    assert torch.equal(resumed.value, whole.value)
    assert outcome.records == expected.records


def test_a_hopeless_training_is_given_up_and_its_last_good_state_kept(tmp_path: Path) -> None:
    logged: list[int] = []
    message = (
        r"step 6: not finite: value; given up after going back 2 times\. "
        r"The state of step 3 is kept\. Lower the learning rates"
    )
    for _ in range(2):  # the same command gives the same answer, now at once
        step = Exploding(bearable=0)
        with pytest.raises(DivergedError, match=message):
            run(tmp_path, step, rollbacks=2, log=lambda at, values: logged.append(at))
    assert step.seen == [4, 5, 6]
    assert set(logged) == {2}
    good = Halving()
    run(tmp_path, good)
    assert len(good.seen) == 7


class Doubtful(Halving):
    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        # Checks are at 2, 3, 4, 6, 8, 9 and 10; these find something, before it goes back.
        doubt = self.rates["all"] == 1.0 and self.seen[-1:] in ([6], [8], [9])
        return Divergence("doubtful", patience=self.patience) if doubt else None


def test_a_pause_keeps_how_long_a_doubt_has_lasted(tmp_path: Path) -> None:
    with pytest.raises(Terminated):
        run(tmp_path, terminate_at(Doubtful(3), 8), rollbacks=1)
    [rollback] = run(tmp_path, Doubtful(3), rollbacks=1).rollbacks
    assert (rollback["step"], rollback["to_step"]) == (9, 3)


def test_a_divergence_with_patience_has_to_last_and_holds_saves_back(tmp_path: Path) -> None:
    assert run(tmp_path / "four", Doubtful(4)).rollbacks == []
    outcome = run(tmp_path / "three", Doubtful(3), rollbacks=1)
    [rollback] = outcome.rollbacks
    assert (rollback["step"], rollback["to_step"]) == (9, 3)


def test_only_the_part_that_is_to_blame_is_slowed_down(tmp_path: Path) -> None:
    class Blaming(Exploding):
        def divergence(self, record: Mapping[str, float]) -> Divergence | None:
            return Divergence("the value is negative", parts=("all",)) if self.value < 0 else None

    step = Blaming(after="method")
    step.rates["other"] = 1.0
    outcome = run(tmp_path, step, rollbacks=1)
    assert outcome.rollbacks[0]["rates"] == {"all": 0.5, "other": 1.0}


def test_divergence_from_the_start_on_is_a_warning_at_the_end(tmp_path: Path) -> None:
    class Unsound(Halving):
        def __init__(self, sound: set[int]) -> None:
            super().__init__()
            self.sound = sound

        def divergence(self, record: Mapping[str, float]) -> Divergence | None:
            return None if len(self.seen) in self.sound else Divergence("not there yet")

    outcome = run(tmp_path / "never", Unsound(set()))
    assert (outcome.warning, outcome.rollbacks) == ("not there yet", [])
    assert run(tmp_path / "never", Unsound(set())).warning == "not there yet"  # from the state
    assert run(tmp_path / "briefly", Unsound({4, 6})).warning == "not there yet"
    assert run(tmp_path / "end", Unsound({10})).warning is None


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with lock(tmp_path / "lock"), pytest.raises(BusyError):
        run(tmp_path, Halving())


def test_a_full_disk_leaves_the_last_good_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoppedError):
        run(tmp_path, Halving(), stop_at=4)
    before = (tmp_path / "state.pt").read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            run(tmp_path, Halving())
    assert (tmp_path / "state.pt").read_bytes() == before
    assert not list(tmp_path.glob(".state.pt*"))
    resumed, whole = Halving(), Halving()
    run(tmp_path, resumed)
    run(tmp_path / "whole", whole)
    assert torch.equal(resumed.value, whole.value)


def test_a_training_may_stop_early_and_saves_that(tmp_path: Path) -> None:
    step = Halving()
    arguments: dict[str, Any] = {"folder": tmp_path, "log": lambda step, values: None}
    schedule = Schedule(100, save=10, log=10)
    done = fit(step, batch, schedule, stop=lambda: len(step.seen) == 7, **arguments)
    assert done.step == 7
    assert [record["step"] for record in done.records] == [7]
    assert not list((tmp_path / "samples").iterdir())
    # The state of the last step is kept, though it is no multiple of `save_every`.
    again = Halving()
    resumed = fit(again, batch, schedule, stop=lambda: True, **arguments)
    assert resumed.step == 7
    assert again.value == step.value
