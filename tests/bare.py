"""A process that finds only what `pip install wespe` brings, or a little more."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement

from tests.conftest import ROOT

GPU = ("torch", "torchvision")
"""What a machine that only trains has besides."""

_BARE = """
import importlib, sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

class Bare:
    '''Finds what is not missing.'''
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in missing:
            return PathFinder.find_spec(name, path, target)
    find_distributions = PathFinder.find_distributions

missing = {*sys.argv.pop(1).split(",")}
sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Bare]
exec(sys.argv.pop(1))
"""

_COMMAND = """
for module in sorted(filter(None, sys.argv.pop(1).split(","))):
    importlib.import_module(module)
from wespe.cli import main
main(sys.argv[1:])
"""


@cache
def missing_modules(*more: str) -> frozenset[str]:
    """What is installed here, but not where the package's own dependencies, and theirs, are all.

    `more`: names of packages that are there, too.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting, found = [*project["dependencies"], *more], set[str]()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        wanted = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if name not in found and wanted:
            found.add(name)
            waiting += importlib.metadata.requires(name) or []
    owners = importlib.metadata.packages_distributions()
    return frozenset(
        module
        for module, distributions in owners.items()
        if not any(re.sub(r"[-_.]+", "-", name).lower() in found for name in distributions)
    ) - {"wespe"}


def bare(
    *arguments: str, modules: str = "", more: tuple[str, ...] = (), cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a command of wespe there, after these modules have been imported."""
    return bare_python(_COMMAND, modules, *arguments, more=more, cwd=cwd)


def bare_python(
    code: str, *arguments: str, more: tuple[str, ...] = (), cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run Python code there; it has `sys` and `importlib`."""
    return subprocess.run(
        [sys.executable, "-c", _BARE, ",".join(missing_modules(*more)), code, *arguments],
        cwd=cwd,
        # The package itself, which its installation has found in another way.
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
