"""Imports run one way, as each room's `__init__` says; a bare GPU machine can train."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.bare import GPU, bare
from tests.conftest import ROOT

MODULES = sorted((ROOT / "wespe").rglob("*.py"))


def rooms() -> dict[str, set[str]]:
    """Each room of the package, and the rooms that its `__init__` says it imports."""
    declared = {}
    for path in (ROOT / "wespe").glob("*/__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        listed = re.search(r"^Imports (.*?)\.$", text, re.DOTALL | re.MULTILINE)
        assert listed, f"{path}: expected a line `Imports …` in its docstring"
        declared[path.parent.name] = set(re.findall(r"`(\w+)`", listed[1]))
    return declared


def imports(path: Path, *, for_types: bool = True) -> Iterator[str]:
    """All that a file imports, dotted, also inside functions, and `for_types` alone too."""
    tree = ast.parse(path.read_text("utf-8"))
    if not for_types:
        tree.body = [node for node in tree.body if not _for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not looked at here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "wespe").parts[0].removesuffix(".py")


def test_every_module_is_in_a_room() -> None:
    assert {part_of(path) for path in MODULES} == {*rooms(), "__init__"}


def test_rooms_stand_above_one_another() -> None:
    tuple(TopologicalSorter(rooms()).static_order())  # raises CycleError


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_says(path: Path) -> None:
    declared, own = rooms(), part_of(path)
    if own == "__init__":
        return
    for name in imports(path):
        package, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        if package == "wespe" and room in declared and room != own:
            assert room in declared[own], f"{own} imports {room}, which its `__init__` does not say"


def test_modules_stand_above_one_another() -> None:
    """Also by imports inside functions; what only names a type is no import when it runs."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    below = {
        name: {
            found
            for imported in imports(path, for_types=False)
            for found in (imported, imported.rpartition(".")[0])
            if found in names and found != name
        }
        for name, path in names.items()
        if path.name not in {"__init__.py", "__main__.py"}
    }
    tuple(TopologicalSorter(below).static_order())  # raises CycleError


def test_rooms_import_all_that_they_say() -> None:
    found: dict[str, set[str]] = {room: set() for room in rooms()}
    for path in MODULES:
        if (own := part_of(path)) != "__init__":
            names = (name.split(".") for name in imports(path) if name.startswith("wespe."))
            found[own] |= {parts[1] for parts in names} & found.keys() - {own}
    assert found == rooms()


@pytest.mark.slow
def test_only_tracking_imports_mlflow() -> None:
    importers = {
        path.parent for path in MODULES for name in imports(path) if name.startswith("mlflow")
    }
    assert importers == {ROOT / "wespe" / "pipeline" / "tracking"}


POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_NAMES = {
    *("chown", "fchmod", "fork", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg"),
    *("mkfifo", "nice", "sched_getaffinity", "setsid", "uname", "wait4"),
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_only_posix_has_is_asked_for_first(path: Path) -> None:
    """So that photos are enhanced on Windows, too."""
    text = path.read_text("utf-8")
    assert not POSIX_ONLY.intersection(name.partition(".")[0] for name in imports(path))
    used = set(re.findall(r"\bos\.(\w+)", text)) & POSIX_NAMES
    assert used <= set(re.findall(r'hasattr\(os, "(\w+)"\)', text))


@pytest.mark.slow
def test_a_machine_for_training_alone_needs_torch_and_nothing_more() -> None:
    rooms, of_settings = {"core", "photos", "networks", "training"}, {"settings", "registry"}
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if part_of(path) in rooms and path.stem not in of_settings | {"schema", "yaml_file"}
    } | {"wespe.data.patches.store"}
    done = bare("--version", modules=",".join(modules), more=GPU)
    assert done.returncode == 0, done.stderr


def test_the_page_and_the_tables_import_nothing_of_each_other() -> None:
    reports = ROOT / "wespe" / "reports"
    for room, other in (("page", "tables"), ("tables", "page")):
        for path in (reports / room).glob("*.py"):
            assert not [name for name in imports(path) if name.startswith(f"wespe.reports.{other}")]
