"""A settings file as YAML: read as every tool reads it, or refused with its line."""

import json
from pathlib import Path
from typing import Any

import yaml

from wespe.core.schema import SettingsError


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a settings file, with what JSON does not have, such as dates, as strings.

    Raises SettingsError that names the file, and the line that is not valid YAML.
    """
    try:
        # SafeLoader's subclass is as safe: it builds only plain values.
        values = yaml.load(path.read_text("utf-8"), _Loader)
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such settings file; wespe init writes one") from error
    except OSError as error:
        raise SettingsError(f"{path}: expected a settings file, got {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}, line {line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(values, dict):
        got = "nothing" if values is None else repr(values)[:60]
        raise SettingsError(f"{path}: expected a mapping of settings, got {got}")
    try:
        read: dict[str, Any] = json.loads(json.dumps(values, default=str))
    except (TypeError, ValueError) as error:  # a date as a key; what contains itself
        raise SettingsError(f"{path}: expected values that JSON can hold: {error}") from error
    return read


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, as DVC does, where PyYAML takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []  # A key may be a list, which PyYAML refuses below.
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} appears twice", problem_mark=key.start_mark
                )
            seen.append(key.value)
        return super().construct_mapping(node, deep)
