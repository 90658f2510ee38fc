"""Where networks run: of several processes on a machine each has its own GPU."""

from collections.abc import Iterator

import pytest
import torch

from wespe.core.device import Device, resolve, tune


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")


@pytest.mark.usefixtures("two_gpus")
def test_each_process_has_its_own_gpu() -> None:
    assert resolve("auto", devices=2) == Device(torch.device("cuda", 1), bf16=True)
    assert resolve("cuda-fp32", devices=2).torch_device.index == 1
    assert resolve("auto") == Device(torch.device("cuda"), bf16=True)
    assert resolve("cpu-fp32", devices=3, compiled=True) == Device(
        torch.device("cpu"), bf16=False, compiled=True
    )


@pytest.mark.usefixtures("two_gpus")
def test_more_processes_than_gpus_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"run\.devices: expected at most 2, the number in this machine, got 3"
    ):
        resolve("auto", devices=3)


@pytest.fixture
def flags() -> Iterator[None]:
    before = (
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
    )
    yield
    torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32 = before[:2]
    torch.backends.cuda.matmul.allow_tf32 = before[2]


@pytest.mark.usefixtures("flags")
@pytest.mark.parametrize("bf16", [False, True])
def test_fp32_stays_fp32(bf16: bool) -> None:
    tune(Device(torch.device("cuda"), bf16))
    assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.allow_tf32 == torch.backends.cuda.matmul.allow_tf32 == bf16
    tune(Device(torch.device("cpu"), bf16))
    assert not torch.backends.cudnn.benchmark
