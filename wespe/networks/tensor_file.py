"""The files of networks and raters: safetensors, with a header of ours under one key."""

import json
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open


def read_tensors(
    path: Path, *, what: str, form: str, framework: Literal["pt", "np"]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header of a file and its tensors by name.

    `what`: what the file should be, in a word; `form`: the format that its header has to name;
    `framework`: tensors of torch or arrays of NumPy. Raises ValueError that names the file if it is
    missing, damaged or of another format.
    """
    header = read_header(path, what=what)
    try:
        with safe_open(path, framework=framework) as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a .safetensors {what}, got {error}") from error
    if header.get("format") != form:
        found = header.get("format", "a safetensors file of another origin")
        raise ValueError(f"{path}: expected a {what} of format {form}, got {found}")
    return header, tensors


def read_header(path: Path, *, what: str) -> dict[str, Any]:
    """The header of a file alone; empty for one of another origin. Raises as `read_tensors`."""
    if not path.is_file():
        raise ValueError(f"{path}: no such {what}")
    try:
        with safe_open(path, framework="np") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {}).get("wespe", "{}"))
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a .safetensors {what}, got {error}") from error
    return header


def misfit(path: Path, what: str, error: Exception) -> ValueError:
    """An error that says that `what`, such as weights and architecture, do not agree."""
    # torch has a line for every tensor that does not fit; one of them is enough.
    reason = str(error).splitlines()[-1].strip()
    return ValueError(f"{path}: {what} do not agree: {reason}")
