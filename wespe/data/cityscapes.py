"""Cityscapes: photos from a car in fifty cities (Cordts et al., 2016)."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from wespe.data.datasets import (
    Archive,
    DatasetSettings,
    evenly,
    needed,
    obtain,
    photos_below,
    require,
)
from wespe.data.download import DownloadError
from wespe.data.folder import index_photos
from wespe.data.inventory import Item
from wespe.data.needs import Needs
from wespe.data.transfer import Wanted
from wespe.results.index import PhotoIndex

_ARCHIVE = "leftImg8bit_trainvaltest.zip"
_COUNTS = {"train": 2975, "val": 500, "test": 1525}
_TOOL = "csDownload of the package cityscapesscripts"
_USER, _PASSWORD = "CITYSCAPES_USERNAME", "CITYSCAPES_PASSWORD"
LICENCE = "non-commercial use, no redistribution"


class CityscapesSettings(DatasetSettings):
    """Cityscapes, the left photos of 8 bits, 2048×1024 px. Downloads need the package
    cityscapesscripts and an account, with its name and password in the environment
    (CITYSCAPES_USERNAME, CITYSCAPES_PASSWORD)."""

    kind: Literal["cityscapes"]
    """Selects this kind of source."""
    part: Literal["train", "val", "test"]
    """An official part: 2975, 500 and 1525 photos. No two parts share a city."""
    count: Annotated[int, Field(ge=1)] | None = None
    """The largest number of photos, spread evenly over the part. The paper has 2876 for training
    and 143 for testing (its table 4), and does not name them."""


def acquire(name: str, settings: CityscapesSettings, out: Path) -> PhotoIndex:
    """Index the photos where they lie. Raises ValueError if they cannot be had."""
    place = obtain(name, settings, _archive(settings), fetch_with_account)
    files = [
        file
        for file in photos_below(place, f"{settings.part}/*/*", ".png")
        if file.endswith("_leftImg8bit.png")
    ]
    expected = _COUNTS[settings.part]
    what = f"{expected} photos in {place / settings.part}"
    require(name, settings, len(files) == expected, what, f"{len(files)}")
    origin = f"Cityscapes, {settings.part}"
    return index_photos(name, place, evenly(files, settings.count), origin=origin, licence=LICENCE)


def needs(settings: CityscapesSettings) -> Needs:
    """What is to be downloaded, and what that takes."""
    found = needed(settings, [_archive(settings)])
    return replace(found, missing=tuple(_lacking())) if found.downloads else found


def _archive(settings: CityscapesSettings) -> Archive:
    return Archive("cityscapes", _ARCHIVE, "leftImg8bit", f"{settings.part}/*")


def _lacking() -> list[str]:
    """What the official tool needs and is not here."""
    names = [name for name in (_USER, _PASSWORD) if not os.environ.get(name)]
    what = [f"{' and '.join(names)} in the environment"] if names else []
    return [*what, *([] if shutil.which("csDownload") else [_TOOL])]


def fetch_with_account(item: Item, wanted: Wanted) -> None:
    """Download the archive with the official tool, csDownload, which resumes and checks its MD5.

    It asks for name and password; they go to its input, never to a command line or a file. Raises
    DownloadError where the tool or the account is missing, or the tool fails.
    """
    tool = shutil.which("csDownload")
    if lacking := _lacking():
        raise DownloadError(
            f"{wanted.path.name} needs an account, {item.terms}: expected {', '.join(lacking)}"
        )
    assert tool
    # The tool writes under the final name from the first byte on.
    folder = wanted.path.with_name(f".{wanted.path.name}.unfinished")
    folder.mkdir(parents=True, exist_ok=True)
    answers = f"{os.environ[_USER]}\n{os.environ[_PASSWORD]}\nn\n"  # n: it keeps no password
    done = subprocess.run(
        [tool, "--resume", "--destination_path", str(folder), wanted.path.name],
        input=answers,
        text=True,
        start_new_session=True,  # without a terminal it reads the password from its input
    )
    if done.returncode:
        raise DownloadError(f"{wanted.path.name}: csDownload failed, as its messages explain")
    (folder / wanted.path.name).replace(wanted.path)
    folder.rmdir()
