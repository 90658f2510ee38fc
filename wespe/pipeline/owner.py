"""Which project a folder of data or results belongs to, where it lies outside the project's own."""

from collections.abc import Iterator
from pathlib import Path

from wespe.core.schema import SettingsError
from wespe.settings.params import Params

NOTE = ".wespe-project"
"""The file in such a folder that has the path of its project."""


def check_owner(params: Params, project: Path) -> None:
    """Raise SettingsError if data or results belong to another project than that of this folder.

    Its settings may be others, and Snakemake knows only of its own project what files were made of.
    """
    for key, note in _outside(params, project):
        if note.is_file() and (owner := note.read_text("utf-8").strip()) != str(project.resolve()):
            raise SettingsError(
                f"{key}: {note.parent} belongs to the project {owner}, whose settings may be "
                "others: expected a folder of this project's own. Downloads may be shared, by "
                f"`raw` of the sources. If {owner} has moved or is no more, delete {note}"
            )


def claim(params: Params, project: Path) -> None:
    """Note that data and results outside `project` belong to it, where nothing else is noted."""
    for _, note in _outside(params, project):
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            with note.open("x", encoding="utf-8") as stream:
                stream.write(f"{project.resolve()}\n")
        except FileExistsError:
            pass
    check_owner(params, project)  # another may have been first


def _outside(params: Params, project: Path) -> Iterator[tuple[str, Path]]:
    """The notes of those folders that are not within the project, also by a link."""
    for key, place in (("run.data", params.run.data), ("run.results", params.run.results)):
        folder = (project / place).resolve()
        if not folder.is_relative_to(project.resolve()):
            yield key, folder / NOTE
