"""Any directory of photos."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from wespe.acquisition.index import PhotoIndex
from wespe.schema import Settings


class FolderSettings(Settings):
    """Photos of a directory, searched recursively."""

    kind: Literal["folder"]
    path: str
    """The directory, absolute or relative to the project."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to `path` (`**` crosses folders); a photo must match one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns relative to `path`; a photo that matches one is left out."""
    references: str | None = None
    """A subfolder of `path` that holds, under the same file name, each photo's aligned target."""
    min_side_px: Annotated[int, Field(ge=1)] = 100
    """Photos with a shorter side are left out."""


def acquire(name: str, settings: FolderSettings, out: Path) -> PhotoIndex:
    raise NotImplementedError
