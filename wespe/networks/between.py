"""A network between two: the one that a training began with, and what it became."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from wespe.core.files import atomic_file
from wespe.networks.network_file import FORMAT, NetworkFile, read_network


def write_between(start: Path, trained: Path, share: float, out: Path) -> None:
    """Write the network whose weights are `share`, in [0, 1], of the way from `start` to `trained`.

    Two networks of which one was trained on from the other have weights in between that work as
    well: those of ESRGAN trade invented detail for fidelity. Needs no torch. Raises ValueError,
    naming the file, for one that cannot be used, and for networks of different architectures.
    Source: Wang et al., ECCV Workshops 2018, section 3.4.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"strength must be from 0 to 1, got {share}")
    first, second = (read_network(path, "np") for path in (start, trained))
    if _shapes(first) != _shapes(second):
        raise ValueError(
            f"{start}: expected a network of the architecture and the sizes of {trained}, which "
            "was trained on from it"
        )
    mixed = {
        name: ((1 - share) * first.tensors[name] + share * value).astype(np.float32)
        for name, value in second.tensors.items()
    }
    described = {"architecture": second.architecture, "config": second.config}
    header = json.dumps({"format": FORMAT, **described}, sort_keys=True)
    with atomic_file(out) as temporary:
        temporary.write_bytes(save(mixed, {"wespe": header}))


def _shapes(file: NetworkFile) -> tuple[str, Any, dict[str, tuple[int, ...]]]:
    shapes = {name: value.shape for name, value in file.tensors.items()}
    return file.architecture, file.config, shapes
