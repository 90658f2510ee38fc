"""One training loop for every method: steps, records, samples, and a state to resume from.

It knows no network and no tracker. A batch is a pure function of the step's number, so the state
holds no random generator, and a resumed training ends bit for bit like an uninterrupted one, also
where it diverged and went back.
"""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from wespe.core import processes
from wespe.core.files import atomic_file, lock, naming
from wespe.core.progress import Progress
from wespe.networks.fitting.monitor import SOUND, DivergedError, Sign, Watch, not_finite
from wespe.photos.images import Pixels, write_photo

Batch = tuple[Tensor, ...]
Log = Callable[[int, Mapping[str, float]], None]


class Step(Protocol):
    """A training method: everything that one step changes, and how to change it."""

    rates: dict[str, float]
    """The factor on the learning rate of each part of the method; the loop lowers them."""

    def train_step(self, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Take one step; `progress` is the share of the training done, in [0, 1). Scalars out."""
        ...

    def sign(self, record: Mapping[str, float]) -> Sign | None:
        """What is wrong with the networks, or with the losses of the last step; no change."""
        ...

    def sample(self) -> Pixels:
        """A picture, uint8 `(H, W, 3)`, of what the networks do now."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass
class Outcome:
    """How far a training has come, and what a finished one leaves."""

    step: int = 0
    records: list[dict[str, float]] = field(default_factory=list)
    """The losses, without those of steps that were taken back."""
    rollbacks: list[dict[str, Any]] = field(default_factory=list)
    """Where it diverged: `step`, `to_step`, `reason`, and the `rates` from there on."""
    sound: int = 0
    """Checks in a row without a sign, up to the number from which signs count: see `Watch`."""
    warning: str | None = None
    """What is wrong at the end of a training in which signs never came to count."""
    seconds: float = 0.0
    """Time spent, with resumed parts and with steps that were taken back."""
    data_seconds: float = 0.0


def fit(
    step: Step,
    batches: Callable[[int], Batch],
    *,
    steps: int,
    folder: Path,
    save_every: int,
    log_every: int,
    sample_every: int | None,
    log: Log,
    rollbacks: int = 0,
    slow_down: float = 0.5,
    label: str = "train",
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train from the state in `folder`, or from the start, to `steps`, or until `stop`.

    `stop` is asked after each step and answers by the step's state alone; it may end the training
    early. Without `sample_every` there are no samples.
    With every record and every save it is checked for signs of divergence. Where one counts, the
    training goes back to the last save, which was made without one, and on from there with learning
    rates times `slow_down`; at most `rollbacks` times. `folder` receives `state.pt`, `losses.jsonl`
    and `samples/`; it is the caller's to remove. `log` is told of records once they are saved and
    can no longer be taken back; after a stop of the earlier ones, too, since a tracker that works
    in batches may have lost some.
    Raises DivergedError where the training diverges once more, and BlockingIOError where another
    process trains in `folder`. Several processes that train together take the same steps, each with
    its part of the batch; the first alone writes, and its signs count.
    """
    path, first = folder / "state.pt", processes.first()
    with _alone(folder):
        if first and not path.exists():  # so that there is always a state to go back to
            _save(path, step, Outcome(sound=0 if step.sign({}) else SOUND))
        now = _load(path, step)
        _write_records(folder / "losses.jsonl", now.records)
        told = _tell(log, now.records)
        watch = Watch(now.sound)
        started = time.perf_counter() - now.seconds
        with Progress(label, total=steps, done=now.step, silent=not first) as bar:
            while now.step < steps and not stop():
                fetch = time.perf_counter()
                batch = batches(now.step)
                now.data_seconds += time.perf_counter() - fetch
                values = step.train_step(batch, now.step / steps)
                now.step += 1
                last = now.step == steps or stop()
                logs, samples, saves = (
                    every is not None and (now.step % every == 0 or last)
                    for every in (log_every, sample_every, save_every)
                )
                sign = None
                if logs or saves:
                    record = {name: float(value) for name, value in processes.mean(values).items()}
                    sign = processes.agreed(_check(step, record, deep=saves))
                    if watch.counts(sign):
                        assert sign
                        now = _go_back(path, step, now, sign, rollbacks, slow_down)
                        _write_records(folder / "losses.jsonl", now.records)
                        watch = Watch(now.sound)
                        bar.back(now.step, _tale(now.rollbacks[-1]))
                        continue
                    now.sound = watch.sound
                if logs:
                    now.records.append({"step": now.step, **record})
                    _append_record(folder / "losses.jsonl", now.records[-1])
                    bar.note(record)
                if samples and first:
                    write_photo(folder / "samples" / f"{now.step:06d}.jpg", step.sample())
                now.seconds = time.perf_counter() - started
                # With a sign that may yet come to count, a state is not one to go back to.
                if saves and (sign is None or not watch.armed or last):
                    now.warning = sign.reason if sign and not watch.armed else None
                    _save(path, step, now)
                    told += _tell(log, now.records[told:])
                bar.advance()
        return now


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others out of `folder`; the first process holds the lock for those it trains with."""
    if not processes.first():
        yield
        return
    with lock(folder / "lock"):
        (folder / "samples").mkdir(exist_ok=True)
        yield


def _check(step: Step, record: Mapping[str, float], *, deep: bool) -> Sign | None:
    """What is wrong with the losses, the networks or, `deep`, any number in the state."""
    sign = not_finite(record) or step.sign(record)
    return sign or (not_finite(step.state_dict()) if deep else None)


def _go_back(
    path: Path, step: Step, now: Outcome, sign: Sign, rollbacks: int, slow_down: float
) -> Outcome:
    """Load the last save, lower the learning rates, and save that, with the story so far."""
    last = _load(path, step)
    story = {"step": now.step, "to_step": last.step, "reason": sign.reason}
    if (count := len(last.rollbacks)) >= rollbacks:
        after = f"given up after going back {'once' if count == 1 else f'{count} times'}"
        raise DivergedError(
            f"step {now.step}: {sign.reason}; {after}. The state of step {last.step} is kept. "
            "Lower the learning rates or the adversarial weights."
        )
    for part in sign.slows or step.rates:
        step.rates[part] *= slow_down
    last.rollbacks.append({**story, "rates": dict(step.rates)})
    last.seconds, last.data_seconds = now.seconds, now.data_seconds
    _save(path, step, last)
    return last


def _tale(rollback: Mapping[str, Any]) -> str:
    rates = ", ".join(f"{part} × {rate:.3g}" for part, rate in rollback["rates"].items())
    return (
        f"step {rollback['step']}: {rollback['reason']}; back to step {rollback['to_step']}, "
        f"learning rates: {rates}"
    )


def _tell(log: Log, records: list[dict[str, float]]) -> int:
    """Log `records`; return their number."""
    for record in records:
        log(int(record["step"]), {name: value for name, value in record.items() if name != "step"})
    return len(records)


def _save(path: Path, step: Step, now: Outcome) -> None:
    if not processes.first():
        return
    buffer = io.BytesIO()
    torch.save({**vars(now), "rates": step.rates, "networks": step.state_dict()}, buffer)
    with atomic_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _load(path: Path, step: Step) -> Outcome:
    processes.meet()  # the first has written it
    state = torch.load(path, map_location="cpu", weights_only=True)
    processes.meet()  # all have read it
    step.load_state_dict(state.pop("networks"))
    step.rates.update(state.pop("rates"))
    return Outcome(**state)


def _write_records(path: Path, records: list[dict[str, float]]) -> None:
    if not processes.first():
        return
    with atomic_file(path) as temporary:
        temporary.write_text("".join(json.dumps(record) + "\n" for record in records))


def _append_record(path: Path, record: Mapping[str, float]) -> None:
    if not processes.first():
        return
    with naming(path), path.open("a") as stream:
        stream.write(json.dumps(record) + "\n")
