"""Networks with instance norm in tiles: each norm's statistics, then its layers, over all tiles."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch
from torch import Tensor, nn

from wespe.networks.generator import Generator, ResidualBlock
from wespe.networks.inference.backends import Layers
from wespe.networks.inference.spans import Tile
from wespe.networks.inference.tile_states import State, TileStates

TILE_PX = 512
"""At most: where it is cut, all channels of a tile are in memory in the type that engines give."""

Moments = tuple[int, list[float], list[float]]
"""How many pixels there are, and the mean and the variance of each channel."""


class InstanceNormed:
    """The convolutions of a generator with instance norm, for tiles of a photo.

    They are cut behind each convolution that a norm follows. Once all tiles have got there, the
    norm's statistics are those of the whole photo, and all tiles go on from what is kept of them.
    A tile for which there was no room starts again from the photo, each time. `compiled` makes
    convolutions and ReLU a function, see `Backend.compile`.
    """

    def __init__(self, generator: Generator, compiled: Callable[[nn.Module], Layers]) -> None:
        self._compiled = compiled
        self._head = nn.Sequential(generator.head, nn.ReLU())
        convolutions: list[nn.Module] = []
        self._norms: list[nn.Module] = []
        for block in generator.blocks:
            assert isinstance(block, ResidualBlock)
            convolutions += block.first, block.second
            self._norms += block.first_norm, block.second_norm
        body = [layer for convolution in generator.body for layer in (convolution, nn.ReLU())]
        rest = nn.Sequential(*body, generator.tail)
        self._convolutions = [nn.Sequential(layer) for layer in (*convolutions, rest)]

    def convolved(
        self, tiles: Sequence[Tile], prepared: Callable[[Tile], Tensor], kept: TileStates
    ) -> Iterator[Tensor]:
        """What `Generator.convolve` makes of each of a photo's `tiles`, in their order.

        `prepared(tile)` is what it reads, `(1, 3, h, w)`, and may be asked for several times.
        """
        fixed: list[nn.BatchNorm2d] = []
        for norm in self._norms:
            moments: list[Moments] = []
            advanced = self._pass(prepared, fixed)
            for number, tile in enumerate(tiles):
                state = advanced(tile, kept.take(number))
                rows, columns = tile
                moments += moments_of(state[1][..., rows.valid, columns.valid])
                kept.put(number, state)
                # Else it would be in memory beside the next tile's.
                del state
            fixed.append(fix(norm, moments))
        advanced = self._pass(prepared, fixed)
        for number, tile in enumerate(tiles):
            yield advanced(tile, kept.take(number))[1]

    def _pass(
        self, prepared: Callable[[Tile], Tensor], norms: Sequence[nn.Module]
    ) -> Callable[[Tile, State | None], State]:
        """What brings a tile behind the convolution that follows the last of `norms`.

        A state is what the residual block, or `body`, that it is in began with, and the output of
        its last convolution. It goes on from the one before, or from None with the photo.
        """
        # For one pass over the photo: an engine holds the memory of each part that it has seen.
        compiled = cache(self._compiled)

        def advanced(tile: Tile, state: State | None) -> State:
            first = len(norms) if state else 0
            features, output = state or (compiled(self._head)(prepared(tile)), torch.empty(0))
            for step in range(first, len(norms) + 1):
                inner = torch.relu_(norms[step - 1](output)) if step else features
                if step and step % 2 == 0:
                    features = inner.add_(features)
                output = compiled(self._convolutions[step])(inner)
            return features, output

        return advanced


def moments_of(piece: Tensor) -> Iterator[Moments]:
    """The moments of `(1, C, h, w)`, a few rows at a time.

    These stay in a processor's cache: torch.var_mean takes ten times as long. Numbers, since
    small tensors that stay would lie between the large ones, whose memory then could not be used
    again: that took half a gigabyte.
    """
    for rows in torch.split(piece[0].permute(1, 2, 0), 16):
        values = rows.reshape(-1, rows.shape[-1]).float()
        mean = values.mean(0)
        variance = (values - mean).square().mean(0)
        yield len(values), mean.tolist(), variance.tolist()


def fix(norm: nn.Module, moments: Sequence[Moments]) -> nn.BatchNorm2d:
    """An instance norm as a batch norm with the moments of all pieces of a photo, merged."""
    assert isinstance(norm, nn.InstanceNorm2d)
    counts = [count for count, _, _ in moments]
    means, variances = (
        torch.tensor(column, dtype=torch.float64) for column in [*zip(*moments, strict=True)][1:]
    )
    share = means.new_tensor(counts)[:, None] / sum(counts)
    mean = (share * means).sum(0)
    variance = (share * (variances + (means - mean) ** 2)).sum(0)
    fixed = nn.BatchNorm2d(norm.num_features, eps=norm.eps, device=norm.weight.device).eval()
    fixed.load_state_dict(
        norm.state_dict() | {"running_mean": mean, "running_var": variance}, strict=False
    )
    return fixed
