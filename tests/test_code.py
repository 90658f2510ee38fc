"""What a stage's code is, and what changes its hash."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from wespe.pipeline.code import code_hash, code_of

# A small package in the place of `wespe`: a stage, a step that it is handed, and what they share.
FILES = {
    "__init__.py": '__version__ = "1"\n',
    "cli/__init__.py": "",
    "cli/training.py": "def train():\n    from wespe.cli.parser import load\n\n"
    "    return _train(load)\n\n\n"
    "def _train(load):\n    from wespe.training.run import train\n\n    return train\n\n\n"
    "def models():\n    pass\n",
    "cli/parser.py": "from wespe.photos.filters import blur as load\n",
    "core/__init__.py": "",
    "core/files.py": "def write():\n    pass\n",
    "core/device.py": "def resolve():\n    return 'cpu'\n",
    "networks/__init__.py": '"""Networks."""\n',
    "networks/registry.py": 'ALL = {"plain": "wespe.networks.plain:Plain"}\n',
    "networks/plain.py": "class Plain:\n    pass\n",
    "photos/__init__.py": '"""Photos."""\n\nPI = 3\n',
    "photos/filters.py": "import math\n\n\ndef grey(x):\n    return math.floor(x)\n\n\n"
    "def blur(x):\n    return grey(x)\n",
    "training/__init__.py": '"""Training."""\n',
    "training/losses.py": "FACTOR = 2\n\n\ndef content(x):\n    return FACTOR * x\n\n\n"
    "def color(x):\n    return x\n",
    "training/run.py": "from typing import TYPE_CHECKING\n\n"
    "from wespe.core.files import write\n"
    "from wespe.networks.registry import ALL\n\n"
    "if TYPE_CHECKING:\n    from wespe.photos.filters import blur\n\n\n"
    "def train():\n    from wespe.core.device import resolve\n\n    return write, ALL, resolve\n",
    "training/step.py": "from wespe.networks.plain import Plain\n"
    "from wespe.photos import filters\n"
    "from wespe.training.losses import color, content\n\n\n"
    'class Step:\n    """A step."""\n\n    # Why.\n    def descend(self):\n'
    "        return content, filters.grey(1), Plain\n\n\n"
    "class Other:\n    color = color\n",
    "training/table.csv": "a,b\n",
}
ENTRIES = ("wespe.cli.training:train", "wespe.training.step:Step", "training/table.csv")
PROGRAM = (
    "import sys; from wespe.pipeline.code import *;"
    "print(code_hash(sys.argv[1:])); print(*code_of(*[e for e in sys.argv[1:] if '/' not in e]))"
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = tmp_path_factory.mktemp("code") / "wespe"
    for name, text in FILES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    (package / "pipeline").mkdir()
    (package / "pipeline" / "__init__.py").touch()
    shutil.copy(ROOT / "wespe" / "pipeline" / "code.py", package / "pipeline")
    return package


def found(package: Path) -> tuple[str, list[str]]:
    """The hash of the entries' code, and its modules, as that package's own `code.py` sees them."""
    command = [sys.executable, "-c", PROGRAM, *ENTRIES]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, check=True)
    hashed, modules = done.stdout.splitlines()
    return hashed, modules.split()


def test_the_code_of_a_stage_is_what_it_uses(package: Path) -> None:
    assert found(package)[1] == [
        "wespe.cli.training",
        "wespe.core.device",
        "wespe.networks.plain",
        "wespe.photos.filters",
        "wespe.training.losses",
        "wespe.training.run",
        "wespe.training.step",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("training/losses.py", "FACTOR * x", "x", True),
        ("training/losses.py", "FACTOR = 2", "FACTOR = 3", True),
        ("training/losses.py", "(x):\n    return x", "(x):\n    return -x", False),
        ("photos/filters.py", "return grey(x)", "return -grey(x)", True),  # imported whole
        ("photos/filters.py", "import math", "import cmath as math", True),
        ("photos/__init__.py", "PI = 3", "PI = 3\nprint(PI)", True),
        ("photos/__init__.py", "PI = 3", "PI = 4", False),
        ("training/step.py", "A step.", "One step.", False),
        ("training/step.py", "# Why.", "# Why not?\n\n", False),
        ("training/step.py", "import color, content", "import content, color", False),
        ("training/step.py", "color = color", "color = None", False),
        ("training/table.csv", "a,b", "b,a", True),
        ("networks/registry.py", "ALL = {", 'ALL = {"new": "wespe.networks.new:New", ', False),
        ("networks/plain.py", "pass", "size = 3", True),
        ("core/files.py", "pass", "return", False),
        ("cli/training.py", "return _train(load)", "return _train('')", True),
        ("cli/training.py", "pass", "return", False),
        ("cli/parser.py", "blur as load", "grey as load", False),
        ("core/device.py", "cpu", "cuda", True),
        ("__init__.py", "1", "2", False),
    ],
)
def test_the_hash_changes_with_what_is_used(
    package: Path, tmp_path: Path, file: str, old: str, new: str, counts: bool
) -> None:
    copy = Path(shutil.copytree(package, tmp_path / "wespe"))
    assert found(copy)[0] == found(package)[0]
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1))
    assert (found(copy)[0] != found(package)[0]) == counts


def test_facts_count() -> None:
    assert code_hash([], facts={"label": "a"}) != code_hash([], facts={"label": "b"})


@pytest.mark.parametrize("entry", ["wespe.none", "wespe.photos.images:none", "numpy"])
def test_an_entry_that_does_not_exist_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"expected a (module of the package|name in)"):
        code_of(entry)
