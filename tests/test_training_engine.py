import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wespe.files import lock
from wespe.images import Pixels
from wespe.training.engine import Batch, DivergedError, Outcome, fit


class Halving:
    """A method for the engine alone: one number that every batch pulls towards itself."""

    def __init__(self) -> None:
        self.value = torch.tensor(1.0, dtype=torch.float64)
        self.seen: list[float] = []

    def train_step(self, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        self.seen.append(progress)
        self.value = (self.value + batch[0]) / 2
        return {"value": self.value}

    def sample(self) -> Pixels:
        return np.full((8, 8, 3), round(float(self.value) * 10) % 256, np.uint8)

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value = state["value"]


class StoppedError(Exception):
    """Stands for whatever ends a process in the middle of a training."""


def number(step: int) -> Batch:
    return (torch.tensor(float(np.random.default_rng(step).random()), dtype=torch.float64),)


def run(folder: Path, step: Halving, *, stop_at: int | None = None, log: Any = None) -> Outcome:
    def batches(at: int) -> Batch:
        if at == stop_at:
            raise StoppedError
        return number(at)

    return fit(
        step,
        batches,
        steps=10,
        folder=folder,
        save_every=3,
        log_every=2,
        sample_every=5,
        log=log or (lambda at, values: None),
    )


def test_logs_samples_and_progress(tmp_path: Path) -> None:
    logged: list[tuple[int, float]] = []
    step = Halving()
    outcome = run(tmp_path, step, log=lambda at, values: logged.append((at, values["value"])))
    assert step.seen == [k / 10 for k in range(10)]
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


def test_a_resumed_training_tells_the_earlier_records_again(tmp_path: Path) -> None:
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


def test_divergence_is_refused_and_the_last_good_state_kept(tmp_path: Path) -> None:
    class Exploding(Halving):
        def train_step(self, batch: Batch, progress: float) -> Mapping[str, Tensor]:
            values = super().train_step(batch, progress)
            return {"value": values["value"] * float("nan")} if progress >= 0.7 else values

    with pytest.raises(DivergedError, match="step 8: value is not finite"):
        run(tmp_path, Exploding())
    good = Halving()
    run(tmp_path, good)
    assert len(good.seen) == 4


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with lock(tmp_path / "lock"), pytest.raises(BlockingIOError):
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
