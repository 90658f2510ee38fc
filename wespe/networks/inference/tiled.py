"""A network of torch that is ready for photos."""

from collections.abc import Callable

from wespe.networks.enhancer import Enhancer
from wespe.networks.inference.backends import Backend, TorchBackend
from wespe.networks.inference.tile_states import TileStates
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.networks.inference.torch_parts import TorchParts


class PhotoEnhancer(TiledEnhancer):
    """A network on a backend, for photos; see `TiledEnhancer` and `TorchParts`.

    Gives what one pass of `network.eval()` over the whole photo gives, whatever its norm.
    """

    def __init__(
        self,
        network: Enhancer,
        backend: Backend | None = None,
        *,
        tile_px: int | None = None,
        kept: Callable[[], TileStates] | None = None,
    ) -> None:
        self.backend = backend or TorchBackend()
        super().__init__(TorchParts(network, self.backend, kept=kept), tile_px=tile_px)
