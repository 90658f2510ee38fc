"""A network's file, ready for photos, without torch."""

import os
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.core.parallel import available_cores
from wespe.networks.inference import openvino_engine
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.networks.light.graph import Arrays
from wespe.networks.light.network import LightNetwork, NeedsTorchError
from wespe.networks.light.parts import LightParts
from wespe.networks.network_file import NetworkFile, read_network
from wespe.networks.registry import LIGHT
from wespe.networks.tensor_file import misfit

if TYPE_CHECKING:
    from wespe.networks.inference.backends import BackendName


def open_light(
    path: Path,
    compute: str = "auto",
    engine: "BackendName" = "auto",
    *,
    tile_px: int | None = None,
) -> TiledEnhancer:
    """The network of a file, by OpenVINO on the CPU.

    `compute` and `engine`: what `--compute` and `--backend` of `wespe enhance` take; `auto` is bf16
    where the CPU multiplies it natively, else fp32. Raises NeedsTorchError, a ValueError, for what
    only torch computes, and ValueError, naming the file, for one that cannot be used.
    """
    if engine not in ("auto", "openvino"):
        raise NeedsTorchError(f"the engine {engine}")
    if compute not in ("auto", "cpu-fp32", "cpu-bf16"):
        raise NeedsTorchError(f"--compute {compute}")
    if path.suffix == ".index":
        raise NeedsTorchError(f"{path}: a checkpoint of TensorFlow")
    core = openvino_engine.core()
    bf16 = compute == "cpu-bf16" or (compute == "auto" and openvino_engine.has_bf16(core))
    if bf16:
        openvino_engine.require_bf16()
    file = read_network(path, "np")
    arrays = Arrays(file.tensors)
    try:
        network = _network(path, file, arrays)
        parts = LightParts(network, arrays, core, bf16=bf16, threads=_threads())
        if arrays.unread:
            raise KeyError(f"nothing that reads {min(arrays.unread)}")
    except (KeyError, TypeError, IndexError, RuntimeError) as error:
        raise misfit(path, "weights and architecture", error) from error
    return TiledEnhancer(parts, tile_px=tile_px)


def _network(path: Path, file: NetworkFile, arrays: Arrays) -> LightNetwork:
    if file.architecture not in LIGHT:
        raise NeedsTorchError(f"{path}: a network of the architecture {file.architecture}")
    try:
        network: LightNetwork = pkgutil.resolve_name(LIGHT[file.architecture])(arrays, file.config)
    except NeedsTorchError as error:
        raise NeedsTorchError(f"{path}: {error.what}") from error
    return network


def _threads() -> int:
    """As many as torch would take."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else available_cores()
