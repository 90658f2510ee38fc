"""Two processes on the CPU train like one, and are killed, resumed and refused like one."""

import functools
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from tests.test_resume import SMALL_DISK, Training, check_same, prepare
from tests.test_training_wespe import TINY, batch, build
from wespe.core import processes
from wespe.core.files import lock

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# So small that the second step starts from the same weights, whatever Adam makes of rounding.
STILL = {"learning_rate": 1e-12, "discriminator_learning_rate": 1e-12}
CASES: dict[str, dict[str, Any]] = {
    "every loss": {
        **STILL,
        "generator": {"width": 8, "blocks": 1, "norm": "instance"},
        "discriminator": {"norm": "instance", "r1": 1.0},
        "weights": {"color": 0.5, "texture": 0.5, "transport": 1.0, "identity": 1.0},
        "ema": 0.9,
    },
    "content in every second step": {
        **STILL,
        "generator": {"width": 8, "blocks": 1, "norm": "none"},
        "content": {**TINY["content"], "every": 2},
    },
    "no content": {**STILL, "discriminator": {"norm": "spectral"}, "weights": {"content": 0.0}},
    "moving": {"discriminator": {"norm": "none", "r1": 0.1}, "weights": {"color": 0.5}},
}
Measured = dict[str, list[dict[str, Tensor]]]


def measure(case: str) -> Measured:
    """Two steps: their losses, averaged over the processes, and the gradients they left."""
    step, found = build(CASES[case]), Measured(losses=[], gradients=[])
    for number in range(2):
        part = processes.share(4)
        own = tuple(patches[part] for patches in batch(number))
        found["losses"].append(dict(processes.mean(step.train_step(own, number + 1))))
        gradients = {
            name: parameter.grad.clone()
            for name, parameter in step.networks.named_parameters()
            if parameter.grad is not None
        }
        found["gradients"].append(gradients)
    return found


def measure_together(out: Path) -> None:
    """One of the processes; where an assertion fails, the launcher ends with its code."""
    with processes.joined(CPU):
        found = {case: measure(case) for case in CASES}
        digest = hashlib.sha256()
        for gradient in found["moving"]["gradients"][-1].values():
            digest.update(gradient.numpy().tobytes())
        digests: list[str] = [""] * processes.count()
        dist.all_gather_object(digests, digest.hexdigest())
        assert digests == 2 * digests[:1]
        for network in ("generator", "discriminator"):
            with pytest.raises(ValueError, match="norm: batch needs the whole batch"):
                build({network: {"norm": "batch"}})
        if processes.first():
            torch.save(found, out)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    out = tmp_path_factory.mktemp("together") / "measured.pt"
    processes.launch(functools.partial(measure_together, out), devices=2, nodes=1)
    found: dict[str, Measured] = torch.load(out, weights_only=True)
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case != "moving"])
def test_two_processes_have_the_gradients_of_one_with_the_whole_batch(
    together: dict[str, Measured], case: str
) -> None:
    alone = measure(case)
    for ours, theirs in zip(together[case]["gradients"], alone["gradients"], strict=True):
        assert ours.keys() == theirs.keys()
        for name, gradient in theirs.items():
            # Sums over halves round otherwise than sums over all, by some steps of fp32 (6e-8) of
            # the summands, which a sum can be smaller than: that of a bias in front of an instance
            # norm is zero. So the network's largest gradient is the measure.
            network = name.partition(".")[0]
            largest = max(float(g.abs().max()) for k, g in theirs.items() if k.startswith(network))
            assert (ours[name] - gradient).abs().max() <= 1e-5 * largest, name
    if case == "content in every second step":
        inverse = [any("inverse" in key for key in step) for step in alone["gradients"]]
        assert inverse == [False, True]


@pytest.mark.parametrize("case", CASES)
def test_losses_are_averages_over_the_processes(together: dict[str, Measured], case: str) -> None:
    for ours, theirs in zip(together[case]["losses"], measure(case)["losses"], strict=True):
        assert ours.keys() == theirs.keys()
        for name, loss in theirs.items():
            torch.testing.assert_close(ours[name], loss, rtol=1e-4, atol=1e-7, msg=name)


@pytest.fixture(autouse=True, scope="module")
def signals() -> Iterator[None]:
    """The launcher keeps signals to itself, which its own process does not outlive."""
    before = [signal.getsignal(number) for number in HANDLED]
    yield
    for number, handler in zip(HANDLED, before, strict=True):
        signal.signal(number, handler)


def refuse_in_the_second() -> None:
    """As the command line: a line for the reason, then exit code 1."""
    try:
        with processes.joined(CPU):
            if not processes.first():
                raise ValueError("the second refuses")
            dist.barrier()
    except Exception as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def test_one_that_fails_ends_all_and_alone_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        processes.launch(refuse_in_the_second, devices=2, nodes=1)
    assert caught.value.code == 1
    assert capfd.readouterr().err == "the second refuses\n"


def test_machines_need_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "SLURM_LAUNCH_NODE_IPADDR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=r"run\.nodes: 3 machines have to find each other"):
        processes.launch(print, devices=1, nodes=3)


def test_each_job_of_slurm_has_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_LAUNCH_NODE_IPADDR", "10.0.0.7")
    assert processes.meeting_point(2) == "10.0.0.7:29400"
    monkeypatch.setenv("SLURM_JOB_ID", "123456")
    assert processes.meeting_point(2) == "10.0.0.7:23456"
    monkeypatch.setenv("MASTER_PORT", "4000")
    monkeypatch.setenv("MASTER_ADDR", "node7")
    assert processes.meeting_point(2) == "node7:4000"


def test_processes_that_are_terminated_stop_together_and_go_on(
    uninterrupted: Training, tmp_path: Path
) -> None:
    training = setting_up(tmp_path / "project")
    launcher = training.start_until(6)
    for pid in [*workers(launcher), launcher.pid]:  # as Slurm does
        os.kill(pid, signal.SIGTERM)
    launcher.send_signal(signal.SIGCONT)
    _, messages = launcher.communicate(timeout=60)
    assert launcher.returncode == 128 + signal.SIGTERM
    assert messages.count("stopped by SIGTERM; step ") == messages.count("wespe train: ") == 1
    assert "Traceback" not in messages
    code, messages = training.finish()
    assert code == 0, messages
    check_same(training, uninterrupted)


def test_a_process_by_itself_is_left_alone() -> None:
    networks = torch.nn.ModuleDict({"a": torch.nn.BatchNorm2d(3)})
    assert processes.first()
    assert processes.count() == 1
    assert processes.share(7) == slice(0, 7)
    assert processes.shared(print, [networks]) is print
    assert processes.synchronised(networks) is networks
    with processes.joined(CPU):
        assert not dist.is_initialized()


def setting_up(root: Path, *, devices: int = 2, nodes: int = 1) -> Training:
    training = prepare(root, "cpu-fp32", steps=40)
    settings = root / "params.yaml"
    text = settings.read_text().replace("norm: batch", "norm: instance")
    settings.write_text(text.replace("seed: 3,", f"seed: 3, devices: {devices}, nodes: {nodes},"))
    return training


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Training:
    training = setting_up(tmp_path_factory.mktemp("whole") / "project")
    code, messages = training.finish()
    assert code == 0, messages
    return training


def workers(launcher: subprocess.Popen[str]) -> list[int]:
    """The processes that a launcher has started for the training, the first one first."""
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in map(int, children)}
    return sorted(pid for pid, line in lines.items() if b"spawn_main" in line)


def end(launcher: subprocess.Popen[str], victims: list[int]) -> tuple[int, str]:
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    launcher.send_signal(signal.SIGCONT)
    _, messages = launcher.communicate(timeout=60)
    return launcher.returncode, messages


def test_killed_processes_go_on_where_they_were(uninterrupted: Training, tmp_path: Path) -> None:
    training = setting_up(tmp_path / "project")
    launcher = training.start_until(6)
    code, messages = end(launcher, workers(launcher)[:1])
    assert code == 1
    assert "of the training was ended by SIGKILL\n" in messages
    assert "Traceback" not in messages
    # A killed launcher cannot end the others: they end by themselves.
    launcher = training.start_until(11)
    both = workers(launcher)
    assert len(both) == 2
    end(launcher, [launcher.pid])
    while any(Path(f"/proc/{pid}").exists() for pid in both):
        time.sleep(0.01)
    one = Training(Path(shutil.copytree(training.root, tmp_path / "one")))

    with lock(training.state / "lock"):
        code, messages = training.finish()
    assert code == 1
    assert messages == (
        "wespe train: pair is being trained by another process "
        f"(lock in {training.state.relative_to(training.root)})\n"
    )
    code, messages = training.finish("-c", SMALL_DISK, "100000")
    assert code == 1
    assert messages.count("state.pt: File too large\n") == 1
    assert messages.count("wespe train:") == 1

    code, messages = training.finish()
    assert code == 0, messages
    assert re.findall(r"pair: resumes at step (\d+) of", messages) in (["10"], ["15"], ["20"])
    check_same(training, uninterrupted)

    # The state knows nothing of their number.
    settings = one.root / "params.yaml"
    settings.write_text(settings.read_text().replace("devices: 2", "devices: 1"))
    code, messages = one.finish()
    assert code == 0, messages
    assert "pair: resumes at step" in messages


def test_two_machines_train_like_two_processes_of_one(
    uninterrupted: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each with one thread, like those of one machine: with more, sums are shared out otherwise.
    training = setting_up(tmp_path / "project", devices=1, nodes=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    launchers = [training.start() for _ in range(2)]
    messages = [launcher.communicate(timeout=1500)[1] for launcher in launchers]
    assert [launcher.returncode for launcher in launchers] == [0, 0], messages
    check_same(training, uninterrupted)
