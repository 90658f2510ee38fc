"""The generators that the DPED authors published, as networks of ours."""

from pathlib import Path

import torch
from torch import Tensor, nn

from wespe.networks.generator import Generator
from wespe.networks.limits import network_limits
from wespe.networks.tensorflow_bundle import TensorBundle
from wespe.results.cards import NOT_STATED, Imported, NetworkCard


def load_dped(checkpoint: Path) -> Generator:
    """The generator of a TensorFlow checkpoint of the DPED code, in evaluation mode.

    `checkpoint` is its prefix or its `.index` file. Variables outside `generator/`, and what an
    optimiser keeps of those inside, are left out. Raises ValueError, naming the file, for a
    checkpoint that is missing or damaged and for another network.
    """
    bundle = TensorBundle(checkpoint)
    generator = Generator(width=64, blocks=4, norm="instance", start="random")
    variables = _variables(generator)
    expected = {name: tuple(value.shape) for name, value in variables.items()}
    found = {
        name: shape
        for name, shape in bundle.shapes.items()
        # An optimiser's slots lie below their variable: generator/W1/Adam.
        if name.startswith("generator/") and name.rpartition("/")[0] not in variables
    }
    for name in sorted(expected | found):
        if found.get(name) != expected.get(name):
            wanted, got = (shapes.get(name, "none") for shapes in (expected, found))
            raise ValueError(
                f"{checkpoint}: expected the variables of a DPED generator, "
                f"{name} of shape {wanted}, got {got}"
            )
    for name, value in variables.items():
        value.copy_(torch.from_numpy(bundle.read(name)))
    return generator.eval()


def model_card(checkpoint: Path, generator: Generator, *, sha256: str) -> NetworkCard:
    """What is known of a published `generator`; `sha256` is that of its file in our format."""
    return NetworkCard(
        intended_use=f"To enhance photos of the phone that {checkpoint.stem} was trained for, with "
        "pairs of photos, towards the look of a Canon 70D.",
        limits=tuple(network_limits(generator)),
        imported=Imported(
            origin="published DPED generator (Ignatov et al. 2017)",
            checkpoint=checkpoint.name,
            licence=NOT_STATED,
        ),
        sha256=sha256,
    )


def _variables(generator: Generator) -> dict[str, Tensor]:
    """The network's parameters by their names in the DPED code, as views in TensorFlow's layout.

    That code numbers its convolutions from 1 and leaves the names of each norm's shift and scale,
    in this order, to TensorFlow. Both networks define their layers in the same order.
    """
    modules = [*generator.modules()]
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d)]
    norms = [module for module in modules if isinstance(module, nn.InstanceNorm2d)]
    variables: dict[str, Tensor] = {}
    for number, convolution in enumerate(convolutions, start=1):
        assert convolution.bias is not None
        # Ours is (out, in, height, width), TensorFlow's (height, width, in, out).
        variables[f"generator/W{number}"] = convolution.weight.detach().permute(2, 3, 1, 0)
        variables[f"generator/b{number}"] = convolution.bias.detach()
    parameters = [value.detach() for norm in norms for value in (norm.bias, norm.weight)]
    for number, value in enumerate(parameters):
        variables[f"generator/Variable_{number}" if number else "generator/Variable"] = value
    return variables
