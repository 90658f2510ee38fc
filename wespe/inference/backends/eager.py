"""Torch as it is: the reference, on any device that torch knows."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn


class TorchBackend:
    """Runs layers by torch, in channels-last layout, in float32 or wholly in bf16."""

    def __init__(self, device: torch.device | str = "cpu", *, bf16: bool = False) -> None:
        self.device = torch.device(device)
        self._dtype = torch.bfloat16 if bf16 else torch.float32
        self.name = f"torch-{self.device.type}-{'bf16' if bf16 else 'fp32'}"

    def compile(self, layers: nn.Module) -> Callable[[Tensor], Tensor]:
        network = copy.deepcopy(layers).to(self.device, self._dtype)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def run(image: Tensor) -> Tensor:
            image = image.to(self._dtype, memory_format=torch.channels_last)
            output: Tensor = network(image)
            return output.float()

        return run
