"""User studies on the report page, from what `wespe study report` writes."""

from pathlib import Path
from typing import Any

from wespe.core.files import read_json

_NEEDED = {"title", "kind", "simulated_subjects", "simulated_photos", "subjects", "agreement"}


def read_study(path: Path) -> dict[str, Any]:
    """The figures of a study, as docs/study.md lists them; ValueError names another file."""
    figures = read_json(path) if path.exists() else None
    if not isinstance(figures, dict) or not figures.keys() >= _NEEDED:
        got = "others" if path.exists() else "nothing"
        raise ValueError(
            f"{path}: expected the figures of a study, by `wespe study report`, got {got}"
        )
    return figures
