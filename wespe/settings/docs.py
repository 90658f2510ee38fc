"""The reference of all settings, `docs/settings.md`, made from the settings classes themselves."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wespe.core.schema import NAME
from wespe.settings.params import json_schema

_PREFACE = """\
# Settings

<!-- Made by `wespe schema --markdown` from the settings classes; a test compares the two. -->

One settings file decides everything that a run does: `params.yaml`, or another file that you pass
with `snakemake --configfile FILE`. `wespe check` reads it, reports every wrong key, type and value,
and says what training needs; with `--json` it prints the file with all defaults. `NAME` stands for
a name that you choose: letters, digits, `_` and `-`.

The defaults of a recipe are those of its method's paper. Where the paper is silent or contradicts
itself, the entry says what was chosen and why. What the paper does not have is off by default.
`configs/` holds complete files to start from.

Numbers need a decimal point before an exponent: `1.0e-4`. YAML reads `1e-4` as text, which
is refused.
"""

_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


@dataclass(frozen=True)
class Section:
    """The settings under one key: `key` as in `recipes.NAME`, and its part of the JSON schema.

    `kinds`, as in ``method `dped` ``, tells those from others that may be there instead.
    """

    key: str
    kinds: list[str]
    schema: Mapping[str, Any]
    as_above: Collection[str] = ()
    """Settings that another kind, further up, has just so."""

    @property
    def title(self) -> str:
        return f"`{self.key}`" + (f" of {', '.join(self.kinds)}" if self.kinds else "")


def markdown() -> str:
    """The whole page."""
    return "\n".join([_PREFACE, *(_section(section) for section in sections())])


def sections() -> list[Section]:
    """Every group of settings, in the order of a file; one that kinds share is there once."""
    schema = json_schema()
    found: list[Section] = []
    for key, node in schema["properties"].items():
        if "items" in node:
            found.append(Section(key, [], node))
        for section in _below(key, node, schema["$defs"], []):
            rivals = [known for known in found if known.key == section.key]
            if same := next((known for known in rivals if known.schema is section.schema), None):
                same.kinds.extend(section.kinds)
                continue
            as_above = {
                name
                for name, node in section.schema["properties"].items()
                if any(node == known.schema["properties"].get(name) for known in rivals)
            }
            found.append(replace(section, as_above=as_above))
    return found


def _below(
    key: str, node: Mapping[str, Any], definitions: Mapping[str, Any], kinds: Sequence[str]
) -> Iterator[Section]:
    """The groups at and below `key`; nothing for a plain value."""
    if "$ref" in node:
        group = definitions[node["$ref"].rpartition("/")[2]]
        yield Section(key, [*kinds], group)
        for name, child in group["properties"].items():
            yield from _below(f"{key}.{name}", child, definitions, kinds)
    for named in node.get("patternProperties", {}).values():
        yield from _below(f"{key}.NAME", named, definitions, [])
    if "discriminator" in node:
        setting = node["discriminator"]["propertyName"]
        for member in node["oneOf"]:
            group = definitions[member["$ref"].rpartition("/")[2]]
            kind = group["properties"][setting]["const"]
            yield from _below(key, member, definitions, [f"{setting} `{kind}`"])


def _section(section: Section) -> str:
    depth = 2 + section.key.replace(".NAME", "").count(".")
    if "items" in section.schema:  # a list, which is a setting itself
        heading = f"{'#' * depth} {section.title}"
        return "\n".join([heading, "", *_setting(section.key, section.schema, False), ""])
    lines = [f"{'#' * depth} {section.title}", "", _text(section.schema["description"]), ""]
    required = section.schema.get("required", [])
    for name, node in section.schema["properties"].items():
        if "$ref" not in node and name not in section.as_above:
            lines += _setting(f"{section.key}.{name}", node, name in required)
    if section.as_above:
        names = [f"`{name}`" for name in section.schema["properties"] if name in section.as_above]
        lines += ["", f"As above: {', '.join(names)}."]
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
        return "name" if node.get("pattern") == NAME else "text"
    bounds = [f"{words} {node[bound]}" for bound, words in _BOUNDS.items() if bound in node]
    return f"{_TYPES.get(node['type'], 'nothing')} {', '.join(bounds)}".rstrip()


def _value(value: object) -> str:
    if value is None:
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _text(description: str) -> str:
    """A docstring on one line: Markdown wraps by itself."""
    return " ".join(description.split())
