"""Networks that come with the package: NAME.safetensors in this folder, and NAME.json, its card.

Each has at most `MAX_BYTES`, and is known by NAME wherever a network is asked for.
"""

from pathlib import Path

from wespe.networks.network_file import scale_of
from wespe.results.cards import ModelCard
from wespe.results.networks import Network, find_networks, one_of

FOLDER = Path(__file__).parent
DEFAULT = "any_camera"
"""The network that enhances where nobody names another."""
MAX_BYTES = 2**20


def shipped_names() -> list[str]:
    """Their names, without looking into the files."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def pretrained_names() -> list[str]:
    """Those that a training of this project's enhancers can begin with: none that enlarges."""
    return [name for name in shipped_names() if scale_of(FOLDER / f"{name}.safetensors") == 1]


def shipped_network(name: str) -> Network:
    """The network of that name with its card. Raises ValueError for none, or a half one."""
    return one_of(find_networks([FOLDER]), name)


def default_network() -> Network:
    """The network that enhances where nobody names another.

    Raises ValueError if this version comes without one; and for one that has learned from a
    simulated camera, which is no default for photos of real ones.
    """
    if DEFAULT not in shipped_names():
        raise ValueError(
            f"this version of wespe comes without its network {DEFAULT}, so that one has to be "
            "named: a file, or a name that `wespe list` shows"
        )
    network = shipped_network(DEFAULT)
    if isinstance(network.card, ModelCard) and network.card.simulated:
        raise ValueError(f"{network.path}: expected a network for real photos, got a demo's")
    return network
