"""The device that a network runs on, and its precision there."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import nn

from wespe.core import processes

Compute = Literal["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"]


Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Device:
    """A device, and whether convolutions run in bf16 there (weights stay in fp32).

    `compiled`: whether networks are compiled by torch before they train.
    """

    torch_device: torch.device
    bf16: bool
    compiled: bool = False

    @property
    def name(self) -> str:
        return f"{self.torch_device.type}-{'bf16' if self.bf16 else 'fp32'}"

    def put(self, network: Network) -> Network:
        """Move a network here, its weights in the layout that convolutions are fastest in."""
        return network.to(self.torch_device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def put_frozen(self, network: Network) -> Network:
        """Move here a network that training leaves as it is, and compile it where that is asked."""
        if self.compiled:
            network.compile()
        return self.put(network)

    def autocast(self) -> torch.autocast:
        """A context in which the networks run in this device's precision."""
        return torch.autocast(self.torch_device.type, torch.bfloat16, enabled=self.bf16)


def resolve(compute: Compute, *, compiled: bool = False, devices: int = 1) -> Device:
    """The device that a setting names, for this one of the `devices` processes on the machine.

    `auto`: CUDA in bf16 if present; else the CPU, in bf16 where it multiplies bf16 natively.
    Raises ValueError for CUDA where there is none, or fewer than `devices`.
    """
    present = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if compute == "auto":
        compute = "cuda-bf16" if present else "cpu-bf16" if cpu_has_bf16() else "cpu-fp32"
    kind, precision = compute.split("-")
    if kind == "cuda" and not present:
        raise ValueError(f"run.compute: {compute} needs a CUDA device, and this machine has none")
    if kind == "cuda" and present < devices:
        raise ValueError(
            f"run.devices: expected at most {present}, the number in this machine, got {devices}"
        )
    several = kind == "cuda" and devices > 1
    chosen = torch.device(kind, processes.local_rank()) if several else torch.device(kind)
    return Device(chosen, bf16=precision == "bf16", compiled=compiled)


def tune(device: Device) -> None:
    """Let CUDA choose its convolutions by trying them, since a training's shapes do not change.

    Beside bf16, TF32 is precise enough for what is left in fp32; fp32 itself stays what it says.
    """
    torch.backends.cudnn.benchmark = device.torch_device.type == "cuda"
    torch.backends.cudnn.allow_tf32 = device.bf16
    torch.backends.cuda.matmul.allow_tf32 = device.bf16


def cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 natively, so that bf16 is faster than fp32.

    Older torch releases do not report this; they count as without.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict[str, bool])()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
