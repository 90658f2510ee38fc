"""Networks with instance norm in tiles: each norm's statistics, then its layers, over all tiles."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch
from torch import Tensor, nn

from wespe.networks.inference.backends import Layers
from wespe.networks.inference.pieces import pieces
from wespe.networks.inference.tile_spans import Span, Tile
from wespe.networks.inference.tile_states import State, TileStates

TILE_PX = 512
"""At most: where it is cut, all channels of a tile are in memory in the type that engines give."""

Moments = tuple[int, list[float], list[float]]
"""How many pixels there are, and the mean and the variance of each channel."""


class InstanceNormed:
    """Layers with norms of the photo's own statistics, for tiles of a photo.

    They are cut in front of each such norm. Once all tiles have got there, the norm's statistics
    are those of the whole photo, and all tiles go on from what is kept of them. A tile for which
    there was no room starts again from the photo, each time. `compiled` makes convolutions, each
    with what follows it alone, a function, see `Backend.compile`. Raises ValueError for layers that
    torch.fx cannot list or `compiled` does not take.
    """

    def __init__(self, layers: nn.Module, compiled: Callable[[nn.Module], Layers]) -> None:
        self._compiled = compiled
        self._pieces = pieces(layers)
        # What an engine does not take is refused now, rather than in front of the first photo.
        for piece in self._pieces:
            piece.ready(compiled, piece.norm)

    def convolved(
        self, tiles: Sequence[Tile], prepared: Callable[[Tile], Tensor], kept: TileStates
    ) -> Iterator[Tensor]:
        """What the layers make of each of a photo's `tiles`, in their order.

        `prepared(tile)` is what they read, `(1, 3, h, w)`, and may be asked for several times.
        """
        fixed: list[nn.Module] = []
        for piece in self._pieces[1:]:
            moments: list[Moments] = []
            advanced = self._pass(prepared, fixed)
            for number, tile in enumerate(tiles):
                state = advanced(tile, kept.take(number))
                moments += moments_of(_valid(state[-1], tile))
                device = state[-1].device
                kept.put(number, state)
                # Else it would be in memory beside the next tile's.
                del state
            assert piece.norm
            fixed.append(fix(piece.norm, moments).to(device))
        advanced = self._pass(prepared, fixed)
        for number, tile in enumerate(tiles):
            yield advanced(tile, kept.take(number))[-1]

    def _pass(
        self, prepared: Callable[[Tile], Tensor], norms: Sequence[nn.Module]
    ) -> Callable[[Tile, State | None], State]:
        """What brings a tile through the piece that begins with the last of `norms`.

        It goes on from the state before, or from None with the photo.
        """

        # For one pass over the photo: an engine holds the memory of each part that it has seen.
        @cache
        def run(number: int) -> Callable[..., State]:
            norm = norms[number - 1] if number else None
            return self._pieces[number].ready(self._compiled, norm)

        def advanced(tile: Tile, state: State | None) -> State:
            first = len(norms) if state else 0
            state = state or (prepared(tile),)
            for number in range(first, len(norms) + 1):
                state = run(number)(*state)
            return state

        return advanced


def _valid(features: Tensor, tile: Tile) -> Tensor:
    """The part of a tile's `(1, C, h, w)` that the tile gives; h and w may be another scale's."""
    rows, columns = (
        _valid_part(span, size) for span, size in zip(tile, features.shape[-2:], strict=True)
    )
    return features[..., rows, columns]


def _valid_part(span: Span, size: int) -> slice:
    length, valid = span.stop - span.start, span.valid
    if valid.start * size % length or valid.stop * size % length:
        raise ValueError(
            f"expected a norm to read a whole part or multiple of a tile's {length} px, got {size}"
        )
    return slice(valid.start * size // length, valid.stop * size // length)


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
    """A norm as a batch norm with the moments of all pieces of a photo, merged."""
    assert isinstance(norm, nn.InstanceNorm2d | nn.BatchNorm2d)
    counts = [count for count, _, _ in moments]
    means, variances = (
        torch.tensor(column, dtype=torch.float64) for column in [*zip(*moments, strict=True)][1:]
    )
    share = means.new_tensor(counts)[:, None] / sum(counts)
    mean = (share * means).sum(0)
    variance = (share * (variances + (means - mean) ** 2)).sum(0)
    fixed = nn.BatchNorm2d(norm.num_features, eps=norm.eps).eval()
    # One without weights of its own has those that change nothing.
    fixed.load_state_dict(
        norm.state_dict() | {"running_mean": mean, "running_var": variance}, strict=False
    )
    return fixed
