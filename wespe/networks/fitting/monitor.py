"""Divergence: what it looks like, and when it counts.

A method decides what it checks; this module has the checks that methods share. Where a divergence
counts, the loop in `wespe/networks/fitting/engine.py` goes back to the last good state.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wespe.photos.filters import grey

# An enhancer changes tones and keeps the photo: in good trainings the correlation stays above 0.9
# and the contrast above 0.7. Colour inversion gives a negative correlation, noise one around 0.
LEAST_CORRELATION = 0.3
LEAST_CONTRAST = 0.2
# Of the features of trained networks a fourth is above zero; of a dead one 0.00014 were.
LEAST_ALIVE = 0.002
SOUND = 10


class DivergedError(RuntimeError):
    """A training that diverges however often it goes back."""


@dataclass(frozen=True)
class Divergence:
    """Something that a check found and that no healthy training shows."""

    reason: str
    """In words, with the figures."""
    parts: tuple[str, ...] = ()
    """The parts of the method whose learning rate is to blame; empty stands for all parts."""
    patience: int = 1
    """It counts only once this many checks in a row have found something."""
    broken: bool = False
    """Whether the training cannot go on from here, so that it counts in any case."""


class Watch:
    """Decides which divergence counts.

    A network that starts at random looks diverged before it has learned anything, looks sound for a
    moment by chance, and leaves nothing to go back to. So a divergence counts only if the training
    was sound from the start, or in `SOUND` checks in a row; a broken training counts in any case.
    `sound` is the number of sound checks in a row until now; it stays once it has reached `SOUND`.
    `seen` is that of checks in a row that have found something.
    """

    def __init__(self, sound: int, seen: int = 0) -> None:
        self.sound, self.seen = sound, seen

    @property
    def armed(self) -> bool:
        """Whether divergence counts."""
        return self.sound >= SOUND

    def counts(self, found: Divergence | None) -> bool:
        """Whether what this check has found counts."""
        self.seen = self.seen + 1 if found else 0
        if not self.armed:
            self.sound = 0 if found else self.sound + 1
        if found is None:
            return False
        return found.broken or (self.armed and self.seen >= found.patience)


def not_finite(values: Mapping[str, Any]) -> Divergence | None:
    """A number, or a tensor anywhere in a state, that is infinite or not a number."""
    bad = [name for name, value in values.items() if not _is_finite(value)]
    return Divergence(f"not finite: {', '.join(bad)}", broken=True) if bad else None


def _is_finite(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_finite(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(_is_finite(item) for item in value)
    if isinstance(value, Tensor):
        return bool(torch.isfinite(value).all())
    return not isinstance(value, float) or math.isfinite(value)


def collapse(photos: Tensor, enhanced: Tensor) -> Divergence | None:
    """Enhanced photos that are inverted, constant or no longer the photos they were.

    `photos`, `enhanced`: `(N, 3, H, W)` in [0, 1]; what lies beyond is clipped, as it is on saving.
    Both measures are of the luma around each photo's own mean, over all pixels of all photos: the
    correlation of the two, and the ratio of their standard deviations. Photos without any contrast
    are always sound.
    """
    before, after = (_around_mean(grey(image.float().clamp(0, 1))) for image in (photos, enhanced))
    energy = before.square().mean().item()
    if not energy:
        return None
    contrast = math.sqrt(after.square().mean().item() / energy)
    if not contrast >= LEAST_CONTRAST:
        return Divergence(f"enhanced photos are constant: {contrast:.2f} of the contrast is left")
    correlation = (before * after).mean().item() / (energy * contrast)
    if correlation < LEAST_CORRELATION:
        what = "inverted" if correlation < 0 else "no longer like the photos"
        return Divergence(
            f"enhanced photos are {what}: the correlation of their luma is {correlation:.2f}"
        )
    return None


def dead(features: Tensor) -> Divergence | None:
    """Features behind a ReLU, of any shape, of which next to none are above 0: nothing is learned
    from them any more, and what the network adds to its input is a constant."""
    alive = (features > 0).float().mean().item()
    if alive >= LEAST_ALIVE:
        return None
    return Divergence(f"the network is dead: {alive:.2%} of its last features are above zero")


def _around_mean(luma: Tensor) -> Tensor:
    return luma - luma.mean((1, 2, 3), keepdim=True)
