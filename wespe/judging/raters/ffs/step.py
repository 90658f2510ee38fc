"""The training step of the Flickr Faves Score: cross-entropy, validation, the best weights."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from wespe.core.device import Device
from wespe.judging.raters.ffs.crops import to_batch
from wespe.judging.raters.ffs.network import FfsNetwork
from wespe.networks.fitting.engine import Batch
from wespe.networks.fitting.monitor import Divergence
from wespe.photos.images import Pixels


class FfsStep:
    """One update of the network; after each epoch the validation photos are judged.

    `validation`: crops, uint8 `(N, S, S, 3)`, and their labels, 0 or 1. `per_epoch`: steps of an
    epoch. `finished` is true once `patience` epochs in a row have not lowered the validation loss;
    `best` has the weights of the epoch with the lowest one.
    """

    def __init__(
        self,
        network: FfsNetwork,
        *,
        validation: tuple[Pixels, list[int]],
        per_epoch: int,
        patience: int,
        learning_rate: float,
        batch_size: int,
        seed: int,
        device: Device,
    ) -> None:
        self.network = device.put(network)
        self.rates = {"network": 1.0}
        self._validation, self._per_epoch, self._patience = validation, per_epoch, patience
        self._batch_size, self._seed, self._device = batch_size, seed, device
        self._rate = learning_rate
        self._optimiser = torch.optim.Adam(self.network.parameters(), learning_rate)
        self.losses: list[float] = []
        """Validation losses, one an epoch."""
        self.best: dict[str, Tensor] | None = None
        self._sum = 0.0

    @property
    def best_epoch(self) -> int:
        """The number, from 1, of the epoch with the lowest validation loss; 0 before the first."""
        return int(np.argmin(self.losses)) + 1 if self.losses else 0

    def finished(self) -> bool:
        """Whether it is time to stop early."""
        return len(self.losses) - self.best_epoch >= self._patience and bool(self.losses)

    def train_step(self, batch: Batch, number: int) -> Mapping[str, Tensor]:
        crops, labels = (part.to(self._device.torch_device) for part in batch)
        self.network.train()
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * self.rates["network"]
        # Dropout is a function of the step's number, so there is no random state to save.
        with torch.random.fork_rng(devices=[]), self._device.autocast():
            torch.manual_seed(self._seed * 1_000_003 + number)
            logits = self.network(crops)
        loss = F.binary_cross_entropy_with_logits(logits, labels)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimiser.step()
        self._sum += loss.item()
        if number % self._per_epoch:
            return {"loss": loss.detach()}
        return self._end_of_epoch()

    def _end_of_epoch(self) -> dict[str, Tensor]:
        loss, accuracy = self._validate()
        mean, self._sum = self._sum / self._per_epoch, 0.0
        self.losses.append(loss)
        if self.best_epoch == len(self.losses):
            self.best = copy.deepcopy(self.network.state_dict())
        values = {"loss": mean, "validation_loss": loss, "validation_accuracy": accuracy}
        return {name: torch.tensor(value) for name, value in values.items()}

    def _validate(self) -> tuple[float, float]:
        """Mean cross-entropy and accuracy over the validation photos."""
        crops, labels = self._validation
        logits = judge(self.network, crops, batch_size=self._batch_size, device=self._device)
        truth = torch.tensor(labels, dtype=torch.float32)
        loss = F.binary_cross_entropy_with_logits(logits, truth)
        return float(loss), float(((logits > 0) == (truth > 0)).float().mean())

    def divergence(self, record: Mapping[str, float]) -> Divergence | None:
        """None: a classifier cannot collapse; the loop itself looks for what is not finite."""
        return None

    def sample(self) -> Pixels:
        """The validation crops, from the lowest score to the highest, at most eight."""
        crops, _ = self._validation
        logits = judge(self.network, crops, batch_size=self._batch_size, device=self._device)
        order = torch.argsort(logits).tolist()
        shown = [order[n * (len(order) - 1) // 7] for n in range(8)]
        return np.concatenate(list(crops[shown]), axis=1)

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "best": self.best or {},
            "losses": list(self.losses),
            "sum": self._sum,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.best = copy.deepcopy(state["best"]) or None
        self.losses, self._sum = list(state["losses"]), state["sum"]


@torch.inference_mode()
def judge(network: FfsNetwork, crops: Pixels, *, batch_size: int, device: Device) -> Tensor:
    """The logits of crops, uint8 `(N, S, S, 3)` → float32 `(N,)` on the CPU; N at least 1."""
    network.eval()
    logits = []
    for first in range(0, len(crops), batch_size):
        batch = to_batch(crops[first : first + batch_size]).to(device.torch_device)
        with device.autocast():
            logits.append(network(batch).float().cpu())
    return torch.cat(logits)
