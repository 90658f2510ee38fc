"""The means of an evaluation or a rating alone, a file a method, for `dvc metrics show`."""

from collections.abc import Mapping
from pathlib import Path

from wespe.core.files import write_json


def write_means(folder: Path, methods: Mapping[str, Mapping[str, float | None]]) -> None:
    """Make the folder with `METHOD.json`, metric → mean; a mean that is None is left out."""
    folder.mkdir()
    for method, means in methods.items():
        known = {name: round(mean, 4) for name, mean in means.items() if mean is not None}
        write_json(folder / f"{method}.json", known)
