"""The same command resumes: real processes, really killed, end bit for bit like one left alone."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.made import manifest
from wespe import cli
from wespe.core.files import sha256
from wespe.results.record import write_record

pytestmark = pytest.mark.slow

STEPS, SAVE_EVERY = 20, 5
SETTINGS = """\
run: {{name: tiny, results: results, seed: 3, compute: {compute}, tracking: ""}}
sources:
  phone: {{kind: folder, path: phone}}
  dslr: {{kind: folder, path: dslr}}
domains: [phone, dslr]
patches: {{size_px: 32}}
recipes:
  tiny:
    steps: {steps}
    batch_size: 2
    ema: 0.9
    augment: true
    generator: {{width: 8, blocks: 1, norm: batch}}
    content: {{extractor: untrained, layer: relu2}}
    log_every: 1
    sample_every: {sample_every}
    save_every: {save_every}
pairs:
  pair: {{source: phone, target: dslr, recipe: tiny}}
evaluations: {{}}
"""
ARGUMENTS = [
    *("train", "pair", "--source", "phone.npy", "--target", "dslr.npy"),
    *("--out", "results/pairs/pair"),
]
# A file that may not grow beyond so many bytes, as on a disk that is nearly full.
SMALL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from wespe.cli import main
main(sys.argv[2:])
"""


@dataclass(frozen=True)
class Training:
    """A project's folder in which a pair can be trained.

    Results are equal to the bit only with as many threads in each process: how sums are shared out
    among threads decides how they round.
    """

    root: Path
    threads: int = 1

    @property
    def state(self) -> Path:
        [folder] = (self.root / ".wespe" / "training").iterdir()
        return folder

    @property
    def out(self) -> Path:
        return self.root / "results" / "pairs" / "pair"

    def start(self, *python: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *(python or ("-m", "wespe.cli")), *ARGUMENTS],
            cwd=self.root,
            # Threads that wait for each other in loops would take the other tests' time.
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": str(self.threads),
                "OMP_WAIT_POLICY": "passive",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, *python: str) -> tuple[int, str]:
        """Run to the end; the exit code and the messages."""
        process = self.start(*python)
        _, messages = process.communicate()
        return process.returncode, messages

    def start_until(self, step: int) -> subprocess.Popen[str]:
        """A process that has recorded `step`, or begun for 0, and is halted there."""
        process = self.start()
        while process.poll() is None:
            if self._recorded() >= step:
                process.send_signal(signal.SIGSTOP)
                return process
            time.sleep(0.005)
        assert process.stderr
        pytest.fail(f"ended before step {step}:\n{process.stderr.read()}")

    def kill_at(self, step: int) -> None:
        kill(self.start_until(step))

    def _recorded(self) -> int:
        """The last step in the records; -1 before there is a training."""
        for losses in self.root.glob(".wespe/training/*/losses.jsonl"):
            return losses.read_text().count("\n")
        return -1

    def result(self) -> dict[str, str]:
        """The hash of every file of the result but the card, which tells how long it took."""
        files = sorted(path for path in self.out.rglob("*") if path.is_file())
        return {str(path.relative_to(self.out)): sha256(path) for path in files} | {
            "generator.json": self.card()["sha256"]
        }

    def card(self) -> dict[str, str]:
        card: dict[str, str] = json.loads((self.out / "generator.json").read_text())
        return card

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*"))


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def prepare(root: Path, compute: str, *, steps: int = STEPS, threads: int = 1) -> Training:
    """A training that has not begun, whose result has four sheets of samples."""
    root.mkdir()
    (root / "params.yaml").write_text(
        SETTINGS.format(
            compute=compute, steps=steps, save_every=SAVE_EVERY, sample_every=steps // 4
        )
    )
    for seed, name in enumerate(("phone", "dslr")):
        pixels = np.random.default_rng(seed).integers(256, size=(12, 32, 32, 3), dtype=np.uint8)
        np.save(root / f"{name}.npy", pixels)
        described = manifest(
            [(0, 0, 0)] * len(pixels),
            source=name,
            simulated=True,
            sha256=hashlib.sha256(pixels.tobytes()).hexdigest(),
        )
        write_record(root / f"{name}.json", described)
    return Training(root, threads)


@pytest.fixture(scope="module", params=[("cpu-fp32", 1), ("cpu-bf16", 2)], ids=str)
def uninterrupted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Training:
    compute, threads = request.param
    root = tmp_path_factory.mktemp("whole") / "project"
    training = prepare(root, compute, threads=threads)
    code, messages = training.finish()
    assert code == 0, messages
    return training


@pytest.fixture
def training(uninterrupted: Training, tmp_path: Path) -> Training:
    """The same training as `uninterrupted`, not begun."""
    compute = uninterrupted.card()["compute"]
    return prepare(tmp_path / "project", compute, threads=uninterrupted.threads)


def check_same(training: Training, uninterrupted: Training) -> None:
    expected = uninterrupted.result()
    assert len(expected) == 7  # network, card, losses and four sheets of samples
    assert training.result() == expected
    assert training.files() == uninterrupted.files()  # no state, nothing unfinished
    assert not any((training.root / ".wespe" / "training").iterdir())


def test_a_training_killed_again_and_again_ends_like_one_left_alone(
    training: Training, uninterrupted: Training
) -> None:
    several = uninterrupted.card()["compute"] == "cpu-fp32"
    for step in (0, 12, STEPS - 1) if several else (13,):
        training.kill_at(step)
        assert not training.out.exists()
    code, messages = training.finish()
    assert code == 0, messages
    assert f"pair: resumes at step {STEPS - SAVE_EVERY if several else 10}" in messages
    check_same(training, uninterrupted)


@pytest.mark.parametrize("uninterrupted", [("cpu-fp32", 1)], indirect=True, ids=str)
def test_a_full_disk_and_a_second_training_leave_the_state_as_it_was(
    training: Training,
    uninterrupted: Training,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = training.start_until(12)
    state = training.state.relative_to(training.root)
    monkeypatch.chdir(training.root)
    with pytest.raises(SystemExit) as caught:
        cli.main(ARGUMENTS)
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        f"wespe train: pair is being trained by another process (lock in {state})\n"
    )
    kill(first)

    before = sha256(training.state / "state.pt")
    code, messages = training.finish("-c", SMALL_DISK, "100000")
    assert code == 1
    assert f"wespe train: {state / 'state.pt'}: File too large\n" in messages
    assert "Traceback" not in messages
    assert sha256(training.state / "state.pt") == before
    assert not list(training.state.glob(".*"))
    assert not training.out.exists()

    code, messages = training.finish()
    assert code == 0, messages
    assert "pair: resumes at step 10" in messages
    check_same(training, uninterrupted)


@pytest.mark.parametrize("uninterrupted", [("cpu-fp32", 1)], indirect=True, ids=str)
def test_a_training_that_is_terminated_says_so_and_loses_no_step(
    training: Training, uninterrupted: Training
) -> None:
    process = training.start_until(12)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    [said] = [line for line in messages.splitlines() if line.startswith("wespe train: ")]
    step = said.removeprefix("wespe train: stopped by SIGTERM; step ").split()[0]
    assert int(step) >= 12
    assert said.endswith(" is saved, and the same command goes on from there")
    code, messages = training.finish()
    assert code == 0, messages
    assert f"pair: resumes at step {step}" in messages
    check_same(training, uninterrupted)
