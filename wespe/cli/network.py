"""How commands come by a network: by a name, a file, or a checkpoint of the DPED authors."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wespe.core.device import Compute
    from wespe.networks.enhancer import Enhancer
    from wespe.networks.inference.backends import BackendName
    from wespe.networks.inference.tiled import PhotoEnhancer

_COMPUTE = ("auto", "cpu-fp32", "cpu-bf16", "cpu-int8", "cuda-fp32", "cuda-bf16")
_BACKENDS = ("auto", "torch", "openvino", "onnx")


def model_option(command: argparse.ArgumentParser, *, required: bool = True) -> None:
    """`--model`, which `load_network` takes."""
    command.add_argument(
        "--model",
        required=required,
        metavar="NETWORK",
        help="the name of a trained network (see wespe models), a .safetensors file, or a "
        "TensorFlow checkpoint of the DPED authors",
    )


def engine_options(command: argparse.ArgumentParser) -> None:
    """`--compute` and `--backend`, which `make_ready` takes."""
    compute_option(command)
    command.add_argument(
        "--backend",
        default="auto",
        choices=_BACKENDS,
        metavar="ENGINE",
        help="the engine: %(choices)s; auto is OpenVINO on a CPU if it is installed, else "
        "torch (default: %(default)s)",
    )


def compute_option(command: argparse.ArgumentParser) -> None:
    """`--compute`, which `make_ready` takes."""
    command.add_argument(
        "--compute",
        default="auto",
        choices=_COMPUTE,
        metavar="DEVICE",
        help="device and precision: %(choices)s (default: %(default)s)",
    )


def network_file(model: str, settings: Path) -> Path:
    """The file of what `--model` names: a `.safetensors` file or a checkpoint's `.index`.

    `model` is such a file, a folder with `generator.safetensors`, a checkpoint's prefix or a name,
    which is looked for in the results of `settings`, as `wespe models` does. Raises ValueError
    where there is none, naming what was looked for.
    """
    path = Path(model)
    if path.is_dir():
        path /= "generator.safetensors"
    if (index := path.with_name(f"{path.name}.index")).is_file():
        return index
    if path.is_file() or path.suffix in (".safetensors", ".index"):
        return path
    return _by_name(model, settings)


def load_network(model: str, settings: Path) -> "Enhancer":
    """The network that `network_file` finds. Raises ValueError, also where it cannot be read."""
    from wespe.networks.checkpoints import load_generator
    from wespe.networks.published import load_dped

    path = network_file(model, settings)
    return load_dped(path) if path.suffix == ".index" else load_generator(path)


def make_ready(
    network: "Enhancer",
    compute: "Compute | Literal['cpu-int8']",
    engine: "BackendName" = "auto",
) -> "PhotoEnhancer":
    """A network on what `--compute` and `--backend` ask for; see `open_enhancer`.

    `auto` may be int8; `cpu-int8` leaves what is not in int8 in bf16 where the CPU has it.
    """
    from wespe.core.device import cpu_has_bf16, resolve
    from wespe.networks.inference.opening import open_enhancer

    if compute == "cpu-int8":
        return open_enhancer(network, engine, bf16=cpu_has_bf16(), int8=True)
    device, chosen = resolve(compute), compute != "auto"
    # Only ONNX Runtime among the engines has no bf16; that is no reason to ask for fp32 by name.
    bf16 = device.bf16 and (chosen or engine != "onnx")
    return open_enhancer(
        network, engine, device=device.torch_device, bf16=bf16, int8=False if chosen else None
    )


def _by_name(name: str, settings: Path) -> Path:
    if not settings.is_file():
        raise ValueError(f"{name}: no such file, and no {settings} that names a folder of networks")
    try:
        from wespe.apps.catalogue import find_networks, one_of
        from wespe.settings.params import load
    except ImportError as error:
        raise ValueError(
            f"{name}: no such file; finding networks by name needs {error.name}, which comes "
            "with the extra 'pipeline'"
        ) from error
    return one_of(find_networks([Path(load(settings).run.results)]), name).path
