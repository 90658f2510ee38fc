"""Convolutions of a network that has learned before, to begin a training with."""

from pathlib import Path

from torch import nn

from wespe.networks.checkpoints import load_generator
from wespe.networks.generator import Generator
from wespe.networks.shipped import shipped_network


def take_convolutions(generator: nn.Module, pretrained: str) -> None:
    """Give `generator` the convolutions and norms of another; its transport and detail stay.

    `pretrained`: the name of a network that comes with the package, or a file. Raises ValueError,
    naming the file, for one that is missing, of another shape, or whose output is no residual.
    """
    assert isinstance(generator, Generator)
    path = Path(pretrained) if Path(pretrained).suffix else shipped_network(pretrained).path
    other = load_generator(path)
    if not isinstance(other, Generator):
        raise ValueError(f"{path}: expected a network of WESPE, got {type(other).__name__}")
    if other.start == "random":
        raise ValueError(f"{path}: expected a network with generator.start identity or transport")
    for key, default in (("width", 64), ("blocks", 4), ("norm", "batch"), ("leak", 0.0)):
        wanted, got = (network.config.get(key, default) for network in (generator, other))
        if wanted != got:
            raise ValueError(
                f"{path}: expected a network with generator.{key} {wanted!r}, as in the recipe, "
                f"got {got!r}"
            )
    learned = {key: value for key, value in other.state_dict().items() if _is_learned(key)}
    missing, unexpected = generator.load_state_dict(learned, strict=False)
    assert not unexpected
    assert not any(map(_is_learned, missing))


def _is_learned(name: str) -> bool:
    """Whether a value of a generator is trained; the others are measured on its domains."""
    return name != "detail" and not name.startswith("transport.")
