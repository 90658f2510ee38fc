"""One training loop for every method: steps, records, samples, and a state to resume from.

It knows no network and no tracker. A batch is a pure function of the step's number, so the state
holds no random generator, and a resumed training ends bit for bit like an uninterrupted one, also
where it diverged and went back.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

from torch import Tensor

from wespe.core import processes
from wespe.core.progress import Progress
from wespe.core.stopping import Terminated, out_of_time, postponed
from wespe.networks.fitting.folder import TrainingFolder
from wespe.networks.fitting.monitor import SOUND, DivergedError, Divergence, Watch, not_finite
from wespe.photos.images import Pixels

Batch = tuple[Tensor, ...]
Log = Callable[[int, Mapping[str, float]], None]


class Step(Protocol):
    """A training method: everything that one step changes, and how to change it."""

    rates: dict[str, float]
    """The factor on the learning rate of each part of the method; the loop lowers them."""

    def train_step(self, batch: Batch, number: int) -> Mapping[str, Tensor]:
        """Take step `number`, counted from 1. Scalars out."""
        ...

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        """What is wrong with the networks, or with the losses of the last step; changes nothing."""
        ...

    def sample(self) -> Pixels:
        """A picture, uint8 `(H, W, 3)`, of what the networks do now."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Schedule:
    """How long a training is, and how many steps lie between two saves, records and samples.

    The last step has all three of them. Without `sample` there are no samples.
    """

    steps: int
    save: int
    log: int
    sample: int | None = None

    def due(self, step: int, *, last: bool) -> "Due":
        """What comes after `step`, counted from 1."""

        def comes(every: int | None) -> bool:
            return every is not None and (last or step % every == 0)

        return Due(save=comes(self.save), log=comes(self.log), sample=comes(self.sample))


@dataclass(frozen=True)
class Due:
    """What comes after one step."""

    save: bool
    log: bool
    sample: bool


@dataclass
class Outcome:
    """How far a training has progressed, and what a finished one leaves."""

    step: int = 0
    records: list[dict[str, float]] = field(default_factory=list)
    """The losses, without those of steps that were taken back."""
    rollbacks: list[dict[str, Any]] = field(default_factory=list)
    """Where it diverged: `step`, `to_step`, `reason`, and the `rates` from there on."""
    sound: int = 0
    """Sound checks in a row, up to the number from which divergence counts: see `Watch`."""
    warning: str | None = None
    """What is wrong at the end of a training in which divergence never counted."""
    seconds: float = 0.0
    """Time spent, including resumed parts and steps that were taken back."""
    data_seconds: float = 0.0


def fit(
    step: Step,
    batches: Callable[[int], Batch],
    schedule: Schedule,
    *,
    folder: Path,
    log: Log,
    rollbacks: int = 0,
    slow_down: float = 0.5,
    label: str = "train",
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train from the state in `folder`, or from the start, to the schedule's end, or until `stop`.

    `stop` is asked after each step and answers from the step's state only; it may end the training
    early. With every record and every save the training is checked for divergence. If it
    counts, the training returns to the last save, which was sound, and continues with learning
    rates times `slow_down`; at most `rollbacks` times. `folder` receives `state.pt`,
    `losses.jsonl` and `samples/`; the caller removes it. `log` gets records once they are saved and
    can no longer be taken back; after a resume it gets the earlier ones again, since a tracker that
    works in batches may have lost some.
    Raises DivergedError if the training diverges once more, BusyError if another process trains in
    `folder`, and Terminated after a SIGTERM, with the last step kept. Several processes that train
    together take the same steps, each with its part of the batch; only the first one writes, and
    its divergence counts.
    """
    files = TrainingFolder(folder)
    with files.alone():
        run = _Run(step, files, log, rollbacks=rollbacks, slow_down=slow_down)
        silent = not processes.first()
        with (
            Progress(label, total=schedule.steps, done=run.now.step, silent=silent) as bar,
            postponed() as terminated,
        ):
            while run.now.step < schedule.steps and not stop():
                values = run.take_step(batches)
                last = run.now.step == schedule.steps or stop()
                due = schedule.due(run.now.step, last=last)
                if due.log or due.save:
                    record = {name: float(value) for name, value in processes.mean(values).items()}
                    if diverged := run.check(record, deep=due.save):
                        bar.back(*run.go_back(diverged))
                        continue
                if due.log:
                    run.record(record)
                    bar.note(record)
                if due.sample:
                    run.sample()
                if due.save:
                    run.save(last=last)
                bar.advance()
                # Processes that train together ask each other only where they meet anyway.
                asked = processes.count() == 1 or due.log or due.save
                if asked and not last and processes.anywhere(terminated()):
                    run.pause()
        return run.now


class _Run:
    """A training under way, `now`, and what may follow each of its steps."""

    def __init__(
        self, step: Step, files: TrainingFolder, log: Log, *, rollbacks: int, slow_down: float
    ) -> None:
        self._step, self._files, self._log = step, files, log
        self._rollbacks, self._slow_down = rollbacks, slow_down
        if processes.first() and not files.has_state():  # so that one can always go back
            self._write(Outcome(sound=0 if step.divergence({}) else SOUND))
        self.now, seen = self._read(paused=True)
        self._files.write_records(self.now.records)
        self._logged = 0
        self._log_records()
        self._watch = Watch(self.now.sound, seen)
        self._doubt: Divergence | None = None
        self._started = time.perf_counter() - self.now.seconds

    def take_step(self, batches: Callable[[int], Batch]) -> Mapping[str, Tensor]:
        """Take the next step; returns its losses."""
        fetch = time.perf_counter()
        batch = batches(self.now.step)
        self.now.data_seconds += time.perf_counter() - fetch
        values = self._step.train_step(batch, self.now.step + 1)
        self.now.step += 1
        return values

    def check(self, record: Mapping[str, float], *, deep: bool) -> Divergence | None:
        """The divergence that counts, in the losses, the networks or, `deep`, all of the state."""
        found = not_finite(record) or self._step.divergence(record)
        if deep and not found:
            found = not_finite(self._step.state_dict())
        self._doubt = processes.agreed(found)
        if self._watch.counts(self._doubt):
            return self._doubt
        self.now.sound = self._watch.sound
        return None

    def go_back(self, diverged: Divergence) -> tuple[int, str]:
        """Go on from the last save with lower learning rates; its step, and the story in words."""
        self.now.seconds = time.perf_counter() - self._started
        last, _ = self._read()
        if (count := len(last.rollbacks)) >= self._rollbacks:
            after = f"given up after going back {'once' if count == 1 else f'{count} times'}"
            raise DivergedError(
                f"step {self.now.step}: {diverged.reason}; {after}. The state of step {last.step} "
                "is kept. Lower the learning rates or the adversarial weights."
            )
        rates = self._step.rates
        for part in diverged.parts or rates:
            rates[part] *= self._slow_down
        story = {"step": self.now.step, "to_step": last.step, "reason": diverged.reason}
        last.rollbacks.append({**story, "rates": dict(rates)})
        last.seconds, last.data_seconds = self.now.seconds, self.now.data_seconds
        self._write(last)
        self._files.write_records(last.records)
        self.now, self._watch = last, Watch(last.sound)
        slower = ", ".join(f"{part} × {rate:.3g}" for part, rate in rates.items())
        return last.step, (
            f"step {story['step']}: {diverged.reason}; back to step {last.step}, "
            f"learning rates: {slower}"
        )

    def record(self, record: Mapping[str, float]) -> None:
        """Keep the losses of the last step."""
        self.now.records.append({"step": self.now.step, **record})
        self._files.append_record(self.now.records[-1])

    def sample(self) -> None:
        """Keep a picture of what the networks do now."""
        if processes.first():
            self._files.write_sample(self.now.step, self._step.sample())

    def save(self, *, last: bool) -> None:
        """Save the state, if it is one to go back to, or the `last` one; then log its records."""
        doubt, self.now.seconds = self._doubt, time.perf_counter() - self._started
        # Divergence that may yet come to count makes a state none to go back to.
        if doubt and self._watch.armed and not last:
            return
        self.now.warning = doubt.reason if doubt and not self._watch.armed else None
        self._write(self.now)
        self._log_records()

    def pause(self) -> NoReturn:
        """Keep the last step, to go on from, and end as SIGTERM asks."""
        self.now.seconds = time.perf_counter() - self._started
        self._files.pause({**self._state(self.now), "seen": self._watch.seen})
        if not processes.first():
            raise Terminated("")
        why, advice = "by SIGTERM", ""
        if out_of_time():
            why = "by Slurm, at the job's time limit"
            advice = "; `runtime` in the profile gives it more at a time"
        raise Terminated(
            f"stopped {why}; step {self.now.step} is saved, and the same command goes on from "
            f"there{advice}"
        )

    def _log_records(self) -> None:
        for record in self.now.records[self._logged :]:
            losses = {name: value for name, value in record.items() if name != "step"}
            self._log(int(record["step"]), losses)
        self._logged = len(self.now.records)

    def _write(self, now: Outcome) -> None:
        self._files.save(self._state(now))

    def _state(self, now: Outcome) -> dict[str, Any]:
        return {**vars(now), "rates": self._step.rates, "networks": self._step.state_dict()}

    def _read(self, *, paused: bool = False) -> tuple[Outcome, int]:
        """What a file of the state says, and how many checks in a row had found something."""
        state = self._files.load(paused=paused)
        self._step.load_state_dict(state.pop("networks"))
        self._step.rates.update(state.pop("rates"))
        seen: int = state.pop("seen", 0)
        return Outcome(**state), seen
