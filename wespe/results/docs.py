"""The reference of all records, docs/records.md, made from the records themselves."""

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType

from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.evaluations import EvaluationSummary
from wespe.results.index import PhotoIndex
from wespe.results.patches import PatchManifest
from wespe.results.rater_card import RaterCard
from wespe.results.ratings import RatingSummary
from wespe.results.record import Record
from wespe.results.studies import StudyFigures
from wespe.results.tables import Table

RECORDS: tuple[type[Record], ...] = (
    PhotoIndex,
    PatchManifest,
    ModelCard,
    NetworkCard,
    EvaluationSummary,
    RaterCard,
    RatingSummary,
    StudyFigures,
    Table,
)
"""The records that have their own file, in the order of the stages."""

_PREFACE = """\
# Records

<!-- Made by `wespe schema --records` from the records' classes; a test compares the two. -->

Stages pass their results on in JSON files. Each file holds one of these records. A stage that reads
a file names any key that is missing, unknown or of a wrong type. `data` and `results` stand for
`run.data` and `run.results` of the settings. In Python, `wespe.results.record.read_record` reads
them.
"""
_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    NoneType: "null",
    typing.Any: "any value",
}


def markdown() -> str:
    """The whole page."""
    described: set[type[Record]] = set()
    parts = [_PREFACE]
    for kind in RECORDS:
        parts += [f"## `{kind.where}`", "", f"`{kind.__name__}`: {_text(kind)}", ""]
        parts += [*_fields(kind), ""]
        for part in _parts(kind):
            if part not in described:
                described.add(part)
                parts += [f"### {part.__name__}", "", _text(part), "", *_fields(part), ""]
    return "\n".join(parts).rstrip()


def field_docs(kind: type[Record]) -> dict[str, str]:
    """Each field of a record and its bases, with its docstring; empty for a field without one."""
    found = {field.name: "" for field in dataclasses.fields(kind)}
    for base in reversed(kind.__mro__):
        if issubclass(base, Record) and base is not Record:
            found |= _own_docs(base)
    return found


def _own_docs(kind: type[Record]) -> dict[str, str]:
    """The docstrings of the fields that a class itself adds: the strings that follow them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found, own = {}, {field.name for field in dataclasses.fields(kind)}
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id in own
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[node.target.id] = " ".join(str(following.value.value).split())
    return found


def _fields(kind: type[Record]) -> Iterator[str]:
    types, docs = typing.get_type_hints(kind), field_docs(kind)
    for field in dataclasses.fields(kind):
        yield f"- **`{field.name}`**: {_type(types[field.name])}  "
        yield f"  {docs[field.name]}"


def _parts(kind: type[Record]) -> Iterator[type[Record]]:
    """The records inside a record, to any depth, in the order of its fields."""
    types = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        for part in _records_in(types[field.name]):
            yield part
            yield from _parts(part)


def _records_in(annotation: object) -> Iterator[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _records_in(argument)


def _type(annotation: object) -> str:
    """What a field may be, in words."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, UnionType):
        return " or ".join(_type(argument) for argument in arguments)
    if origin is Mapping:
        return f"mapping of names to {_type(arguments[1])}"
    if origin is Sequence or (origin is tuple and arguments[-1] is Ellipsis):
        return f"list of {_type(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)}: {', '.join(_type(each) for each in arguments)}"
    return _WORDS[annotation]  # type: ignore[index]


def _text(kind: type[Record]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())
