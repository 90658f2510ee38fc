"""Torch as it is: the reference, on any device that torch knows."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from wespe.networks.inference.in_place import in_place
from wespe.networks.layers import listed


class TorchBackend:
    """Runs layers by torch, in channels-last layout, in float32 or wholly in bf16.

    float32 is that on CUDA, too, where torch by itself multiplies TF32, of 10 bits: tiles would no
    longer be the whole photo's to 1e-5.
    """

    def __init__(self, device: torch.device | str = "cpu", *, bf16: bool = False) -> None:
        self.device = torch.device(device)
        self._dtype = torch.bfloat16 if bf16 else torch.float32
        self.tile_px = 512
        self.name = f"torch-{self.device.type}-{'bf16' if bf16 else 'fp32'}"

    def compile(self, layers: nn.Module) -> Callable[[Tensor], Tensor]:
        network = _in_place(copy.deepcopy(layers)).to(self.device, self._dtype)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def run(image: Tensor) -> Tensor:
            image = image.to(self._dtype, memory_format=torch.channels_last)
            with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                output: Tensor = network(image)
            return output

        return run


def _in_place(layers: nn.Module) -> nn.Module:
    """The same, in place where torch.fx can list it."""
    try:
        traced = listed(layers)
    except ValueError:
        return layers
    in_place(traced.graph, dict(traced.named_modules()))
    traced.recompile()
    return traced
