"""Trained networks on disk: a safetensors file, which is all that enhancing needs."""

import json
import pkgutil
from pathlib import Path

from safetensors.torch import save

from wespe.core.files import atomic_file
from wespe.networks.enhancer import Enhancer
from wespe.networks.network_file import FORMAT, read_network
from wespe.networks.registry import ARCHITECTURES
from wespe.networks.tensor_file import misfit


def save_generator(path: Path, generator: Enhancer) -> None:
    """Write weights (fp32) and architecture, atomically; the same network gives the same bytes.

    Raises ValueError for an architecture that the registry does not name.
    """
    tensors = {
        key: value.detach().cpu().float().contiguous()
        for key, value in generator.state_dict().items()
        if value.is_floating_point()
    }
    described = {"architecture": _name(type(generator)), "config": generator.config}
    header = json.dumps({"format": FORMAT, **described}, sort_keys=True)
    # One key only: safetensors writes several in an order that changes from run to run.
    content = save(tensors, {"wespe": header})
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)  # save_file's own error on a full disk is no OSError


def load_generator(path: Path) -> Enhancer:
    """The network of a file, on the CPU, in evaluation mode.

    Raises ValueError, naming the file, for a file that is missing, damaged, or no such network.
    """
    architecture, config, tensors = read_network(path, "pt")
    try:
        generator: Enhancer = _class(architecture)(**config)
        counters = {
            key: value for key, value in generator.state_dict().items() if key not in tensors
        }
        unexplained = [key for key, value in counters.items() if value.is_floating_point()]
        if unexplained:
            raise ValueError(f"without {unexplained[0]}")
        generator.load_state_dict(tensors | counters)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise misfit(path, "weights and architecture", error) from error
    return generator.eval()


def _class(architecture: str) -> type[Enhancer]:
    made: type[Enhancer] = pkgutil.resolve_name(ARCHITECTURES[architecture])
    return made


def _name(made: type[Enhancer]) -> str:
    """The architecture of a class, by its address alone: no other architecture is imported."""
    address = f"{made.__module__}:{made.__qualname__}"
    names = [name for name, other in ARCHITECTURES.items() if other == address]
    if not names:
        raise ValueError(f"expected a network of wespe.networks.registry, got {address}")
    return names[0]
