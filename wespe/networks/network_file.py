"""The file of a network, as it is: its architecture by name, and its weights."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from wespe.networks.registry import ARCHITECTURES
from wespe.networks.tensor_file import read_header, read_tensors

FORMAT = "wespe-generator/1"


class NetworkFile(NamedTuple):
    """What a file of `FORMAT` has: `config` are the arguments of the architecture's class."""

    architecture: str
    config: Any
    tensors: dict[str, Any]


def read_network(path: Path, framework: Literal["pt", "np"]) -> NetworkFile:
    """The content of a file, with tensors of torch or arrays of NumPy.

    Raises ValueError, naming the file, for one that is missing, damaged, of another format or of an
    architecture that this version does not know.
    """
    header, tensors = read_tensors(path, what="network", form=FORMAT, framework=framework)
    # Version 0.1.0 knew one architecture and did not name it.
    architecture = header.get("architecture", "dped")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"{path}: expected an architecture among {known}, got {architecture!r}")
    return NetworkFile(architecture, header.get("config"), tensors)


def scale_of(path: Path) -> int:
    """How many times as large as a photo the result of a file's network is, as its header says.

    1 for what is no such file: to open it names what is wrong.
    """
    try:
        config = read_header(path, what="network").get("config") or {}
    except ValueError:
        return 1
    return int(config.get("scale", 1))
