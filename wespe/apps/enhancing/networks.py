"""The network that is meant, and what it runs on."""

import importlib.util
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wespe.core.words import nearest
from wespe.networks.shipped import FOLDER, default_network, shipped_names, shipped_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wespe.core.device import Compute
    from wespe.networks.enhancer import Enhancer
    from wespe.networks.inference.backends import BackendName
    from wespe.networks.inference.chain import Chain
    from wespe.networks.inference.tiled import PhotoEnhancer
    from wespe.networks.inference.tiles import TiledEnhancer
    from wespe.results.networks import Broken, Network

SETTINGS = Path("params.yaml")
"""The settings of a project, whose `run.results` has networks."""


def network_file(model: str | None, settings: Path = SETTINGS) -> Path:
    """The file of what `model` names: a `.safetensors` file or a checkpoint's `.index`.

    `model` is such a file, a folder with `generator.safetensors`, a checkpoint's prefix, the name
    of a network that comes with the package, or of one in the results of `settings`; in this order.
    None is the default network. Raises ValueError where there is none, with what was looked for
    and the nearest name.
    """
    if model is None:
        return default_network().path
    path = Path(model)
    if path.is_dir() and (path / "generator.safetensors").is_file():
        path /= "generator.safetensors"
    if (index := path.with_name(f"{path.name}.index")).is_file():
        return index
    if path.is_file() or path.suffix in (".safetensors", ".index"):
        return path
    if model in shipped_names():
        return shipped_network(model).path
    return _of_project(model, settings)


def open_network(
    path: Path,
    compute: "Compute | Literal['cpu-int8']" = "auto",
    engine: "BackendName" = "auto",
) -> "TiledEnhancer":
    """The network of a file that `network_file` has found, ready for photos.

    By torch where that is installed, as `make_ready`; else by OpenVINO alone, as `open_light`,
    equal but for rounding at the same precision. Raises ValueError for what cannot be used, and for
    what needs torch.
    """
    if has_torch():
        return make_ready(_loaded(path), compute, engine)
    from wespe.networks.light.opening import open_light

    return open_light(path, compute, engine)


def open_networks(
    paths: "Sequence[Path]",
    compute: "Compute | Literal['cpu-int8']" = "auto",
    engine: "BackendName" = "auto",
) -> "TiledEnhancer | Chain":
    """Networks that are applied one after the other, each as `open_network` opens it."""
    from wespe.networks.inference.chain import Chain

    opened = [open_network(path, compute, engine) for path in paths]
    return Chain(opened) if len(opened) > 1 else opened[0]


def open_between(
    start: Path,
    trained: Path,
    share: float,
    compute: "Compute | Literal['cpu-int8']" = "auto",
    engine: "BackendName" = "auto",
) -> "TiledEnhancer":
    """A network with weights between two, as `write_between` has it, opened as by `open_network`.

    Raises ValueError as both do.
    """
    from wespe.networks.between import write_between

    with tempfile.TemporaryDirectory() as folder:
        mixed = Path(folder) / trained.name
        write_between(start, trained, share, mixed)
        return open_network(mixed, compute, engine)


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return importlib.util.find_spec("torch") is not None


def load_network(model: str | None, settings: Path = SETTINGS) -> "Enhancer":
    """The network that `network_file` finds. Raises ValueError, also where it cannot be read."""
    return _loaded(network_file(model, settings))


def _loaded(path: Path) -> "Enhancer":
    from wespe.networks.checkpoints import load_generator
    from wespe.networks.published import load_dped

    return load_dped(path) if path.suffix == ".index" else load_generator(path)


def make_ready(
    network: "Enhancer",
    compute: "Compute | Literal['cpu-int8']" = "auto",
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
    bf16 = device.bf16 and (chosen or _computes_bf16(engine))
    return open_enhancer(
        network, engine, device=device.torch_device, bf16=bf16, int8=False if chosen else None
    )


def _computes_bf16(engine: "BackendName") -> bool:
    """Whether an engine has bf16 where torch has it. To lack it is no reason to name fp32."""
    if engine == "openvino":
        from wespe.networks.inference.openvino_engine import computes_bf16

        return computes_bf16()
    return engine != "onnx"


def places_at_hand(settings: Path = SETTINGS) -> list[Path]:
    """Where networks are that need no naming: of the package, and of `settings` if there are any.

    Raises SettingsError, a ValueError, for settings that are wrong or named and not there, and
    ImportError without what reads them.
    """
    shipped = [FOLDER] if shipped_names() else []
    if settings != SETTINGS or settings.is_file():
        return [*shipped, results_of(settings)]
    return shipped


def results_of(settings: Path) -> Path:
    """The folder of all results of a settings file. Raises as `places_at_hand`."""
    from wespe.settings.params import load

    return Path(load(settings).run.results)


def _of_project(name: str, settings: Path) -> Path:
    from wespe.results.networks import find_networks, one_of

    found: list[Network | Broken] = []
    where = f"and no {settings} that names a folder of networks"
    if settings.is_file():
        try:
            found = find_networks([results_of(settings)])
        except ImportError as error:
            where = (
                f"and finding networks of {settings} needs {error.name}, which comes with the "
                "extra 'train'"
            )
        else:
            where = f"nor one in the results of {settings}"
            if any(network.name == name for network in found):
                return one_of(found, name).path
    known = [*shipped_names(), *(network.name for network in found)]
    hint = nearest(name, known)
    listed = f"; {hint}" if hint else f" ({', '.join(known) or 'there are none'})"
    file = "a folder without generator.safetensors" if Path(name).is_dir() else "no such file"
    raise ValueError(f"{name}: {file}, no network that comes with wespe, {where}{listed}")
