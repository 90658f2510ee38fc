"""The code that a stage runs: all that its entry points use, and one hash of what that says."""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import wespe

_PACKAGE = Path(wespe.__file__).parent

# What decides when and where work is done and in which words it fails, not what comes out. Settings
# count by their values, which each stage has by itself.
_PLUMBING = ("wespe.cli", "wespe.core", "wespe.pipeline", "wespe.settings")
# Precision, and how processes share a batch.
_COUNTED = frozenset({"wespe.core.device", "wespe.core.processes"})

Target = tuple[str, str]
"""A module, and a name in it; an empty name stands for the whole module."""


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a module: what it defines, uses and imports, and what it says.

    `binds`: empty for one that runs whatever is used of the module. Each name that an import brings
    is a statement of its own.
    """

    binds: frozenset[str]
    uses: frozenset[str]
    imports: Mapping[str, Target]
    text: str


def code_of(*entries: str) -> dict[str, str]:
    """What is used of each module of the package by `entries`, `module` or `module:name`, dotted.

    Followed are names, from definition to definition and through imports. Left out are plumbing
    and `registry` modules: those list all that there is, and a stage names what it chooses. Imports
    for types alone do not count, nor do docstrings, lines of comments and empty lines. An entry's
    own module counts even where it is plumbing: a command decides what is computed, too. Raises
    ValueError for an entry that does not exist.
    """
    waiting = [_target(entry) for entry in entries]
    found: set[Target] = set()
    kept: dict[str, set[int]] = {}
    while waiting:
        target = waiting.pop()
        if target in found:
            continue
        found.add(target)
        module, _ = target
        for number in _numbers(target):
            if number not in kept.setdefault(module, set()):
                kept[module].add(number)
                waiting += _uses(module, number)
    return {
        module: text
        for module, numbers in sorted(kept.items())
        if (text := "\n".join(filter(None, (_statements(module)[n].text for n in sorted(numbers)))))
    }


def code_hash(entries: Iterable[str], *, facts: Mapping[str, Any] | None = None) -> str:
    """Hex SHA-256 of what `code_of` finds, and of `facts`, JSON, which count as well.

    An entry with a slash is a file that is no module, relative to the package, or a folder of them.
    A copy, a clone and a checkout have the hash of the original: no time counts.
    """
    entries = sorted(set(entries))
    digest = hashlib.sha256(json.dumps(facts or {}, sort_keys=True).encode())
    for module, text in code_of(*(entry for entry in entries if "/" not in entry)).items():
        digest.update(f"\0{module}\0{text}".encode())
    for entry in entries:
        if "/" in entry:
            path = _PACKAGE / entry
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _target(entry: str) -> Target:
    module, _, name = entry.partition(":")
    if _file(module) is None:
        raise ValueError(f"expected a module of the package, got {module}")
    if name and not any(name in statement.binds for statement in _statements(module)):
        raise ValueError(f"expected a name in {module}, got {name}")
    return module, name


def _counts(module: str) -> bool:
    plumbing = any(module == name or module.startswith(f"{name}.") for name in _PLUMBING)
    return module in _COUNTED or not (
        # The whole package itself has the version alone.
        plumbing or module == "wespe" or module.endswith(".registry")
    )


def _parents(module: str) -> Iterator[Target]:
    """The packages of a module, which run first, but for the whole package itself."""
    parts = module.split(".")
    yield from ((".".join(parts[:count]), "-") for count in range(2, len(parts)))


# Stages share most of their code: what follows from a statement is found once for all of them.


@cache
def _numbers(target: Target) -> tuple[int, ...]:
    """The statements of its module that count where this is used."""
    module, name = target
    return tuple(
        number
        for number, statement in enumerate(_statements(module))
        if not statement.binds or not name or name in statement.binds
    )


@cache
def _uses(module: str, number: int) -> tuple[Target, ...]:
    """What a statement uses: of its own imports, of its module's names, and its packages."""
    statement = _statements(module)[number]
    own = ((module, name) for name in _names(module) & statement.uses)
    uses = (*statement.imports.values(), *own, *_parents(module))
    return tuple(to for to in uses if to[0] == module or _counts(to[0]))


@cache
def _names(module: str) -> frozenset[str]:
    return frozenset().union(*(statement.binds for statement in _statements(module)))


@cache
def _file(module: str) -> Path | None:
    """The file of a dotted name; None for one that is no module of the package."""
    package, *parts = module.split(".")
    path = _PACKAGE.joinpath(*parts)
    files = [path / "__init__.py", *([path.with_suffix(".py")] if parts else [])]
    return next((file for file in files if package == "wespe" and file.is_file()), None)


@cache
def _statements(module: str) -> tuple[_Statement, ...]:
    file = _file(module)
    assert file
    text = file.read_text("utf-8")
    nodes = {node: [*ast.walk(node)] for node in ast.parse(text).body}
    lines = _lines(text, chain.from_iterable(nodes.values()))
    return tuple(part for node, inside in nodes.items() for part in _parts(node, inside, lines))


def _parts(
    node: ast.stmt, inside: Sequence[ast.AST], lines: Mapping[int, str]
) -> Iterator[_Statement]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        own = _imports(node)
        for alias in node.names:
            name = alias.asname or alias.name
            imports = {name: own[name]} if name in own else {}
            # Where a part of the package lies says nothing: what it is follows.
            said = "" if imports else f"{getattr(node, 'module', '')} {alias.name} {name}"
            yield _Statement(frozenset({name.split(".")[0]}), frozenset(), imports, said)
        return
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    numbers = range(first, (node.end_lineno or first) + 1)
    said = "\n".join(lines[number] for number in numbers if number in lines)
    importing = any(isinstance(part, ast.Import | ast.ImportFrom) for part in inside)
    imports = _imports(node) if importing else {}
    uses = {part.id for part in inside if isinstance(part, ast.Name)}
    yield _Statement(_binds(node), frozenset(uses), imports, said)


def _binds(node: ast.stmt) -> frozenset[str]:
    """The names that a definition or a plain assignment defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    names = [name for target in targets for name in getattr(target, "elts", [target])]
    if all(isinstance(name, ast.Name) for name in names):
        return frozenset(name.id for name in names if isinstance(name, ast.Name))
    return frozenset()


def _imports(node: ast.AST) -> dict[str, Target]:
    """What code imports from the package, by the name that it gets; not for types alone."""
    if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
        return {name: to for part in node.orelse for name, to in _imports(part).items()}
    found: dict[str, Target] = {}
    if isinstance(node, ast.Import):
        found = {alias.asname or alias.name: (alias.name, "") for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
        assert node.module, "relative imports are not followed"
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            to = (whole, "") if _file(whole) else (node.module, alias.name)
            found[alias.asname or alias.name] = to
    for part in ast.iter_child_nodes(node):
        found |= _imports(part)
    return {name: to for name, to in found.items() if _file(to[0])}


def _lines(text: str, nodes: Iterable[ast.AST]) -> dict[int, str]:
    """The lines of a module by number, without docstrings, lines of comments and empty lines.

    Lines, not the syntax tree: that differs between versions of Python.
    """
    docs: set[int] = set()
    strings: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            strings.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return {
        number: line.rstrip()
        for number, line in enumerate(text.splitlines(), 1)
        if number not in docs
        and (number in strings or (line.strip() and not line.lstrip().startswith("#")))
    }
