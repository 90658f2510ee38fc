"""Where and in which precision a network runs."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import nn

Compute = Literal["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"]


Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Place:
    """A device, and whether convolutions run in bf16 there (weights stay in fp32)."""

    device: torch.device
    bf16: bool

    @property
    def name(self) -> str:
        return f"{self.device.type}-{'bf16' if self.bf16 else 'fp32'}"

    def put(self, network: Network) -> Network:
        """Move a network here, its weights in the layout that convolutions are fastest in."""
        return network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def autocast(self) -> torch.autocast:
        """A context in which the networks run in this place's precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)


def resolve(compute: Compute) -> Place:
    """The place that a setting names.

    `auto`: CUDA in bf16 if present; else the CPU, in bf16 where it multiplies bf16 natively.
    Raises ValueError for CUDA where there is none.
    """
    if compute == "auto":
        if torch.cuda.is_available():
            return Place(torch.device("cuda"), bf16=True)
        return Place(torch.device("cpu"), bf16=cpu_has_bf16())
    device, precision = compute.split("-")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"run.compute: {compute} needs a CUDA device, and this machine has none")
    return Place(torch.device(device), bf16=precision == "bf16")


def cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 natively, so that bf16 is faster than fp32.

    Older torch releases cannot tell; they count as without.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict[str, bool])()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
