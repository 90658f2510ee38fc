"""The reference of all settings, `docs/settings.md`, made from the settings classes themselves."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wespe.config import json_schema

_PREFACE = """\
# Settings

<!-- Made by `wespe schema --markdown` from wespe/config.py; a test compares the two. -->

Everything that a run does is decided in one settings file: `params.yaml`, or another one that is
named with `snakemake --configfile FILE`. `wespe check` reads it, names every wrong key, type and
value, and prints it with all defaults. `NAME` stands for a name that you choose: letters, digits,
`_` and `-`.

A recipe's defaults are the paper's; where the paper is silent or contradicts itself, the entry says
what was chosen and why. What the paper does not have is off by default. `configs/` holds complete
files to start from.

Numbers need a decimal point before an exponent: `1.0e-4`. YAML reads `1e-4` as text: it is refused.
"""

_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
_TYPES = {"integer": "whole number", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True)
class Section:
    """The settings under one key: `key` as in `recipes.NAME`, and its part of the JSON schema."""

    key: str
    title: str
    schema: Mapping[str, Any]


def markdown() -> str:
    """The whole page."""
    return "\n".join([_PREFACE, *(_section(section) for section in sections())])


def sections() -> Iterator[Section]:
    """Every group of settings, in the order of a settings file."""
    schema = json_schema()
    for key, node in schema["properties"].items():
        yield from _below(key, node, schema["$defs"])


def _below(key: str, node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Section]:
    """The groups at and below `key`; nothing for a plain value."""
    if "$ref" in node:
        group = definitions[node["$ref"].rpartition("/")[2]]
        kind = group["properties"].get("kind", {}).get("const")
        yield Section(key, f"`{key}` of kind `{kind}`" if kind else f"`{key}`", group)
        for name, child in group["properties"].items():
            yield from _below(f"{key}.{name}", child, definitions)
    for named in node.get("patternProperties", {}).values():
        for member in named.get("oneOf", [named]):
            yield from _below(f"{key}.NAME", member, definitions)


def _section(section: Section) -> str:
    depth = 2 + section.key.replace(".NAME", "").count(".")
    lines = [f"{'#' * depth} {section.title}", "", _text(section.schema["description"]), ""]
    required = section.schema.get("required", [])
    for name, node in section.schema["properties"].items():
        if "$ref" not in node:
            lines += _setting(f"{section.key}.{name}", node, name in required)
    return "\n".join([*lines, ""])


def _setting(key: str, node: Mapping[str, Any], required: bool) -> Iterator[str]:
    default = "required" if required else f"default {_value(node['default'])}"
    yield f"- **`{key}`**: {_values(node)}; {default}  "
    yield f"  {_text(node['description'])}"


def _values(node: Mapping[str, Any]) -> str:
    """What a setting may be, in words."""
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    if "anyOf" in node:
        return " or ".join(_values(option) for option in node["anyOf"])
    if node["type"] == "array":
        return f"list of {_values(node['items'])}"
    if node["type"] == "string":
        return "name" if "pattern" in node else "text"
    bounds = [f"{words} {node[bound]}" for bound, words in _BOUNDS.items() if bound in node]
    return f"{_TYPES.get(node['type'], 'nothing')} {', '.join(bounds)}".rstrip()


def _value(value: object) -> str:
    if value is None:
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _text(description: str) -> str:
    """A docstring on one line: Markdown wraps by itself."""
    return " ".join(description.split())
