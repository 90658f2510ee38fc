"""Networks in a folder that stands in for that of the package."""

from pathlib import Path
from typing import Any

import torch

from tests.made import card
from wespe.core.files import sha256
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.results.record import write_record


def ship(folder: Path, name: str = "any_camera", **changes: Any) -> Path:
    """A small network with its card; returns its file. `changes`: of the card."""
    torch.manual_seed(0)
    path = folder / f"{name}.safetensors"
    save_generator(path, Generator(width=4, blocks=1, start="identity"))
    made = {"any_camera": True} | changes
    write_record(path.with_suffix(".json"), card(pair=name, sha256=sha256(path), **made))
    return path
