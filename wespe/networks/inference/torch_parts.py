"""A network's parts by torch, its convolutions by any backend."""

import contextlib
import copy
import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.inference.backends import Backend, Layers
from wespe.networks.inference.contract import check_contract
from wespe.networks.inference.fold import optimised, split_narrow
from wespe.networks.inference.instance_norm import TILE_PX, InstanceNormed
from wespe.networks.inference.tile_spans import Tile
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.layers import Context, obstacles
from wespe.photos.images import AnyPixels
from wespe.photos.tensors import from_levels, to_levels


class TorchParts:
    """See `wespe.networks.inference.parts.Parts`.

    `backend` runs `convolve`, in its precision; the other parts, norms of the photo's own
    statistics and the blend are torch's. `kept` makes room for what spares work with such norms.
    Raises ValueError for a network that is not what it says, see `check_contract`.
    """

    def __init__(
        self,
        network: Enhancer,
        backend: Backend,
        *,
        kept: Callable[[], TileStates] | None = None,
    ) -> None:
        self._backend, self._device = backend, backend.device
        self._network = copy.deepcopy(network).eval().to(self._device)
        check_contract(self._network, self._device)
        self.name, self.engine = type(network).__name__, backend.name
        self.weights = _hash(self._network)
        self.scale, self.size_multiple = network.scale, network.size_multiple
        self.receptive_field_px = network.receptive_field_px
        self.prepare_field_px, self.neutral = network.prepare_field_px, network.neutral
        context, self.tile_px, self.why_whole = network.context, backend.tile_px, ""
        if context is Context.WHOLE:
            self.why_whole = _why_whole(network)
        # A GPU computes again in less time than a file takes.
        self._kept = kept or functools.partial(TileStates, file=self._device.type == "cpu")
        self._normed: InstanceNormed | None = None
        layers = optimised(Convolutions(self._network))
        if context is Context.STATISTICS:
            self.tile_px = min(TILE_PX, self.tile_px)
            self._normed = InstanceNormed(layers, self._compiled)
        else:
            self._layers = self._compiled(layers)

    def following(self) -> "TorchParts | None":
        network = self._network.following()
        return TorchParts(network, self._backend) if network else None

    def running(self) -> AbstractContextManager[object]:
        return torch.inference_mode()

    def planes(self, pixels: AnyPixels) -> Tensor:
        # A copy, since a decoder's pixels may be read-only, which torch does not know.
        return from_levels(torch.from_numpy(pixels[None].copy()).to(self._device))

    def scene(self, seen: Tensor | None) -> Tensor:
        if seen is None:
            return torch.tensor([self.neutral], device=self._device)
        return self._network.scene(seen)

    def prepare(self, image: Tensor) -> Tensor:
        return self._network.prepare(image)

    def convolved(
        self, tiles: Sequence[Tile], prepared: Callable[[Tile], Tensor]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        if self._normed:
            with contextlib.closing(self._kept()) as kept:
                convolved = self._normed.convolved(tiles, prepared, kept)
                yield from zip(map(prepared, tiles), convolved, strict=True)
        else:
            for image in map(prepared, tiles):
                yield image, self._layers(image)

    def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
        return self._network.finish(prepared, convolved, scene).clamp(0, 1)

    def enlarged(self, image: Tensor) -> Tensor:
        return F.interpolate(image, scale_factor=self.scale, mode="bicubic").clamp(0, 1)

    def blended(self, original: Tensor, enhanced: Tensor, share: float) -> Tensor:
        return torch.lerp(original, enhanced, share)

    def reduced(self, image: Tensor, factor: int) -> Tensor:
        return image if factor == 1 else F.avg_pool2d(image, factor)

    def levels(self, image: Tensor, dtype: np.dtype[Any]) -> AnyPixels:
        levels: AnyPixels = to_levels(image, dtype)[0]
        return levels

    def _compiled(self, layers: nn.Module) -> Layers:
        return self._backend.compile(split_narrow(layers))


def _hash(network: nn.Module) -> str:
    """Of what a network's file has: norms count their batches, too."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        if value.is_floating_point():
            digest.update(f"{name} {tuple(value.shape)} ".encode())
            digest.update(value.cpu().double().numpy().tobytes())
    return digest.hexdigest()


def _why_whole(network: Enhancer) -> str:
    reasons = ", ".join(obstacles(Convolutions(network))) or "its class says so"
    name = type(network).__name__
    return f"{name} needs a whole photo at once ({reasons}), so that it has no tiles"
