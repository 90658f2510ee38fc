"""Training that goes on with a network that is trained already."""

from torch import nn

from wespe.networks.enhancer import Enhancer


def begin_with(start: Enhancer, network: nn.Module) -> None:
    """Give `network` the weights of `start`. Raises ValueError for another architecture."""
    expected, got = ((type(one).__name__, getattr(one, "config", None)) for one in (network, start))
    if expected != got:
        raise ValueError(
            f"start: expected a network like the recipe's, {expected[0]} {expected[1]}, got "
            f"{got[0]} {got[1]}"
        )
    network.load_state_dict(start.state_dict())
