"""One training loop for every method: steps, records, samples, and a state to resume from.

It knows no network and no tracker. A batch is a pure function of the step's number, so the state
holds no random generator, and a resumed training ends bit for bit like an uninterrupted one.
"""

import io
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from wespe.files import atomic_file, lock, naming
from wespe.images import Pixels, write_photo
from wespe.progress import Progress

Batch = tuple[Tensor, ...]
Log = Callable[[int, Mapping[str, float]], None]


class Step(Protocol):
    """A training method: everything that one step changes, and how to change it."""

    def train_step(self, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Take one step; `progress` is the share of the training done, in [0, 1). Scalars out."""
        ...

    def sample(self) -> Pixels:
        """A picture, uint8 `(H, W, 3)`, of what the networks do now."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class DivergedError(RuntimeError):
    """A loss is no longer a finite number."""


@dataclass(frozen=True)
class Outcome:
    """What a finished training leaves: its records, and the seconds spent with resumed parts."""

    records: list[dict[str, float]]
    seconds: float
    data_seconds: float


def fit(
    step: Step,
    batches: Callable[[int], Batch],
    *,
    steps: int,
    folder: Path,
    save_every: int,
    log_every: int,
    sample_every: int,
    log: Log,
    label: str = "train",
) -> Outcome:
    """Train from the state in `folder`, or from the start, to `steps`.

    `folder` receives `state.pt`, `losses.jsonl` and `samples/`; it is the caller's to remove. `log`
    is told of every record; after a stop of the earlier ones, too, since a tracker that works in
    batches may have lost some.
    Raises DivergedError where a loss is not finite, and BlockingIOError where another process
    trains in `folder`.
    """
    with lock(folder / "lock"):
        done, records, seconds, data_seconds = _load(folder / "state.pt", step)
        before = seconds
        _write_records(folder / "losses.jsonl", records)
        for record in records:
            _tell(log, record)
        (folder / "samples").mkdir(exist_ok=True)
        started = time.perf_counter()
        with Progress(label, total=steps, done=done) as bar, _appending(folder) as losses:
            for number in range(done, steps):
                fetch = time.perf_counter()
                batch = batches(number)
                data_seconds += time.perf_counter() - fetch
                values = step.train_step(batch, number / steps)
                done = number + 1
                if done % log_every == 0 or done == steps:
                    record = _record(done, values)
                    records.append(record)
                    with naming(folder / "losses.jsonl"):
                        losses.write(json.dumps(record) + "\n")
                        losses.flush()
                    _tell(log, record)
                    bar.note(record)
                if done % sample_every == 0 or done == steps:
                    write_photo(folder / "samples" / f"{done:06d}.jpg", step.sample())
                seconds = before + time.perf_counter() - started
                if done % save_every == 0 or done == steps:
                    _save(folder / "state.pt", step, done, records, seconds, data_seconds)
                bar.advance()
        return Outcome(records, seconds, data_seconds)


def _record(done: int, values: Mapping[str, Tensor]) -> dict[str, float]:
    record = {name: float(value) for name, value in values.items()}
    bad = [name for name, value in record.items() if not math.isfinite(value)]
    if bad:
        raise DivergedError(
            f"step {done}: {', '.join(bad)} is not finite; the last good state is kept. "
            "Lower the learning rates or the adversarial weights."
        )
    return {"step": done, **record}


def _tell(log: Log, record: Mapping[str, float]) -> None:
    log(int(record["step"]), {name: value for name, value in record.items() if name != "step"})


def _save(
    path: Path,
    step: Step,
    done: int,
    records: list[dict[str, float]],
    seconds: float,
    data_seconds: float,
) -> None:
    state = {
        "step": done,
        "records": records,
        "seconds": seconds,
        "data_seconds": data_seconds,
        "networks": step.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with atomic_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _load(path: Path, step: Step) -> tuple[int, list[dict[str, float]], float, float]:
    if not path.exists():
        return 0, [], 0.0, 0.0
    state = torch.load(path, map_location="cpu", weights_only=True)
    step.load_state_dict(state["networks"])
    return state["step"], state["records"], state["seconds"], state["data_seconds"]


def _write_records(path: Path, records: list[dict[str, float]]) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text("".join(json.dumps(record) + "\n" for record in records))


def _appending(folder: Path) -> Any:
    return (folder / "losses.jsonl").open("a")
