"""Imports run one way, as docs/design.md lists it, and a bare GPU machine has enough to enhance."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement

from tests.conftest import ROOT
from wespe.images import read_photo, write_photo
from wespe.models.checkpoints import save_generator
from wespe.models.generator import Generator

MODULES = sorted((ROOT / "wespe").rglob("*.py"))


def layers() -> dict[str, int]:
    """Each part of the package and its place in the list of docs/design.md."""
    text = (ROOT / "docs" / "design.md").read_text("utf-8")
    listed = re.search(r"\n\n(`.*?)\n\n", text.partition("## Imports run one way")[2], re.DOTALL)
    assert listed
    groups = [re.findall(r"`(\w+)`", group) for group in listed[1].split("→")]
    return {part: place for place, group in enumerate(groups) for part in group}


def imports(path: Path) -> Iterator[str]:
    """All that a file imports, dotted, also inside functions and only for types."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not looked at here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "wespe").parts[0].removesuffix(".py")


def test_the_list_has_every_part_of_the_package() -> None:
    assert set(layers()) == {part_of(path) for path in MODULES} - {"__init__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_comes_before_it(path: Path) -> None:
    place, own = layers(), part_of(path)
    for name in imports(path):
        package, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        if package == "wespe" and part in place and part != own:
            assert place[part] < place[own], f"{own} imports {part}"


def test_only_tracking_imports_mlflow() -> None:
    importers = {
        part_of(path) for path in MODULES for name in imports(path) if name.startswith("mlflow")
    }
    assert importers == {"tracking"}


BARE = """
import importlib, sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

class Bare:
    '''Finds what a machine for networks alone has.'''
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in missing:
            return PathFinder.find_spec(name, path, target)

missing, modules = ({*argument.split(",")} for argument in sys.argv[1:3])
sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Bare]
for module in sorted(modules):
    importlib.import_module(module)
from wespe.cli import main
main(sys.argv[3:])
"""


def missing_modules() -> set[str]:
    """What is installed here, but not where the package's own dependencies, and theirs, are all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting, found = list(project["dependencies"]), set[str]()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        wanted = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if name not in found and wanted:
            found.add(name)
            waiting += importlib.metadata.requires(name) or []
    owners = importlib.metadata.packages_distributions()
    return {
        module
        for module, distributions in owners.items()
        if not any(re.sub(r"[-_.]+", "-", name).lower() in found for name in distributions)
    } - {"wespe"}


def bare(*arguments: str, modules: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BARE, ",".join(missing_modules()), modules, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_bare_machine_imports_what_trains_and_enhances_and_runs_the_latter(
    tmp_path: Path,
) -> None:
    parts = {"models", "losses", "training", "inference", "images", "files", "baselines"}
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if part_of(path) in parts
    } | {"wespe.patches.store"}
    photo, network, enhanced = (tmp_path / name for name in ("a.png", "g.safetensors", "b"))
    write_photo(photo, np.full((40, 50, 3), 90, np.uint8))
    torch.manual_seed(0)
    save_generator(network, Generator(width=4, blocks=1))
    command = ("enhance", str(photo), "--model", str(network), "--out", str(enhanced))
    done = bare(*command, modules=",".join(modules))
    assert done.returncode == 0, done.stderr
    assert read_photo(enhanced / "a.png").pixels.shape == (40, 50, 3)


@pytest.mark.parametrize("module", ["pydantic", "yaml", "mlflow", "skimage", "pandas"])
def test_the_bare_machine_is_bare(module: str) -> None:
    assert module in missing_modules()


def test_the_bare_machine_refuses_what_it_does_not_have() -> None:
    done = bare("--version", modules="wespe.config")
    assert done.returncode == 1
    assert "No module named 'pydantic'" in done.stderr
