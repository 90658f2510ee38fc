"""The base of every settings class, strict and frozen, and its errors in a reader's words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from wespe.core.words import nearest

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
COMMAND_PATH = r"^[\w./:@%+=,-]+$"
"""Of paths that rules and DVC's stages put into their commands as they are."""
CONDITION = r"^[^=]+=.*$"
"""Of rows of a table: the column, and what it must say."""
Name = Annotated[str, StringConstraints(pattern=NAME)]
CommandPath = Annotated[str, StringConstraints(pattern=COMMAND_PATH)]
Condition = Annotated[str, StringConstraints(pattern=CONDITION)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class SettingsError(ValueError):
    """Settings that cannot be used; one line per error."""


class Settings(BaseModel):
    """Frozen settings; every field is documented by its `description`."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


PATTERNS = {
    NAME: "a name of letters, digits, - and _",
    COMMAND_PATH: "a path of letters, digits and ./:@%+=,-_ without spaces",
    CONDITION: "a condition column=value",
}
"""What is expected, in words."""


def explain(error: ValidationError, schema: Mapping[str, Any]) -> list[str]:
    """One line per problem: the key, what was expected and what was found.

    `schema`: the JSON schema of the settings class that refused.
    """
    return [_line(problem, schema) for problem in error.errors()]


def _line(problem: ErrorDetails, schema: Mapping[str, Any]) -> str:
    keys, place = _walk(schema, problem["loc"])
    key, kind, context = ".".join(keys), problem["type"], problem.get("ctx", {})
    got = "nothing" if problem["input"] is None else repr(problem["input"])
    if kind == "extra_forbidden":
        return f"{key} is not a setting; {_known(schema, problem['loc'])}"
    if kind == "missing":
        return f"{key} is missing"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{key} must be {words} {context[bound]:.10g}, got {got}"
    if kind == "string_pattern_mismatch":
        return f"{key} must be {PATTERNS[context['pattern']]}, got {got}"
    if kind in _EXPECTED:
        hint = " (write 1.0e-4, not 1e-4)" if kind == "float_type" and _is_power(got) else ""
        return f"{key} must be {_EXPECTED[kind]}, got {got}{hint}"
    if kind == "literal_error":
        return f"{key} must be {context['expected']}, got {got}"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        tag = repr(context["tag"]) if "tag" in context else "nothing"
        union = place["discriminator"]
        return f"{key}.{union['propertyName']} must be {_either(union['mapping'])}, got {tag}"
    if kind == "value_error":
        said = str(context["error"])
        found = f"{key} {said}" if said.startswith("must ") else f"{key}: {said}"
        # Of a whole table the message says itself which of its values is wrong.
        return found if isinstance(problem["input"], Mapping) else f"{found}, got {got}"
    return f"{key}: {problem['msg']}, got {got}"


def _walk(
    schema: Mapping[str, Any], location: Sequence[int | str]
) -> tuple[list[str], Mapping[str, Any]]:
    """The keys of a location as a file has them, and the part of the schema they lead to."""
    keys: list[str] = []
    node = schema
    for part in location:
        if part == "[key]":  # the problem is the key before, and not its value
            break
        if "discriminator" in node:
            # pydantic puts the chosen kind into the location; a file has no such level.
            node = {"$ref": node["discriminator"]["mapping"][part]}
        else:
            keys.append(str(part))
            anything: Mapping[str, Any] = next(iter(node.get("patternProperties", {}).values()), {})
            node = node.get("properties", {}).get(part, anything)
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return keys, node


def _known(schema: Mapping[str, Any], location: Sequence[int | str]) -> str:
    """What could be meant by an unknown key: the nearest setting there, or all of them."""
    _, table = _walk(schema, location[:-1])
    known = table["properties"]
    return nearest(str(location[-1]), known) or f"expected one of {', '.join(known)}"


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _is_power(got: str) -> bool:
    """Whether a string is a number that YAML takes for text, as 1e-4 without a point."""
    try:
        float(got.strip("'"))
    except ValueError:
        return False
    return "e" in got.lower()
