"""Arrays that a fit has computed, in files, so that a stopped fit does not compute them again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from wespe.core.files import atomic_file

Arrays = Mapping[str, NDArray[Any]]


def kept(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """The arrays in the file `path`, which `make` makes, once."""
    if not path.is_file():
        arrays = {name: np.ascontiguousarray(value) for name, value in make().items()}
        with atomic_file(path) as temporary:
            save_file(arrays, temporary)
    return load_file(path)
