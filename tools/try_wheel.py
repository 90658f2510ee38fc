"""Check an installed wheel: every file of the package is in it, and what enhances can be imported.

`tools/try_wheel.sh` runs it in an environment with the base dependencies only. The argument is a
file that lists the files of the package in the repository, one a line.
"""

import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import wespe
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.generator import Generator
from wespe.networks.inference.opening import open_enhancer

ROOMS = ("core", "photos", "networks", "training")
"""The rooms that a bare GPU machine has to be able to import."""
SETTINGS = {"settings", "registry", "schema", "yaml_file"}
"""Modules of settings, which need the extra `pipeline`."""


def main(listed: str) -> int:
    installed = Path(wespe.__file__).parent
    files = Path(listed).read_text("utf-8").split()
    missing = [file for file in files if not (installed.parent / file).is_file()]
    for file in missing:
        print(f"{file}: missing in the wheel")
    names = [name for room in ROOMS for name in modules(room)]
    for name in names:
        importlib.import_module(name)
    enhance()
    print(f"{len(files)} files in {installed}, {len(names)} modules imported, a photo enhanced")
    return 1 if missing else 0


def modules(room: str) -> list[str]:
    """The names of a room's modules that need no settings."""
    package = importlib.import_module(f"wespe.{room}")
    found = pkgutil.walk_packages(package.__path__, f"wespe.{room}.")
    names = (module.name for module in found)
    return [name for name in names if name.rpartition(".")[2] not in SETTINGS]


def enhance() -> None:
    """A grey photo is enhanced by a small network from a file, and by the package's own."""
    photo = np.full((40, 50, 3), 128, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "generator.safetensors"
        save_generator(file, Generator(width=4, blocks=1))
        enhancer = open_enhancer(load_generator(file))
    for enhanced in (enhancer.enhance(photo), wespe.enhance(photo)):
        assert enhanced.shape == photo.shape


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
