"""DIV2K: high-quality photos of many cameras (Agustsson and Timofte, 2017)."""

import os
from pathlib import Path
from typing import Literal

from wespe.data.datasets import (
    Archive,
    DatasetSettings,
    needed,
    obtain,
    photos_below,
    require,
)
from wespe.data.folder import index_photos
from wespe.data.needs import Needs
from wespe.results.index import PhotoIndex

_NUMBERS = {"train": range(1, 801), "valid": range(801, 901)}
LICENCE = "academic use"


class Div2kSettings(DatasetSettings):
    """DIV2K, its photos of high resolution: 800 for training and 100 for validation, PNG of about
    2040 px."""

    kind: Literal["div2k"]
    """Selects this kind of source."""
    part: Literal["all", "train", "valid"] = "all"
    """The paper's target domain is all 900 (its table 4)."""


def acquire(name: str, settings: Div2kSettings, out: Path) -> PhotoIndex:
    """Index the photos where they lie. Raises ValueError if they cannot be had."""
    parts = _parts(settings)
    places = [_photos(name, settings, part) for part in parts]
    root = Path(os.path.commonpath([place for place, _ in places]))
    files = [str((place / file).relative_to(root)) for place, found in places for file in found]
    origin = f"DIV2K, high resolution, {' and '.join(parts)}"
    return index_photos(name, root, files, origin=origin, licence=LICENCE)


def needs(settings: Div2kSettings) -> Needs:
    """What is to be downloaded."""
    return needed(settings, [_archive(part) for part in _parts(settings)])


def _parts(settings: Div2kSettings) -> list[str]:
    return ["train", "valid"] if settings.part == "all" else [settings.part]


def _archive(part: str) -> Archive:
    top = f"DIV2K_{part}_HR"
    # A single folder may hold both parts.
    proof = f"{_NUMBERS[part][0] // 100:02}[0-9][0-9].png"
    return Archive(f"div2k_{part}", f"{top}.zip", top, proof)


def _photos(name: str, settings: Div2kSettings, part: str) -> tuple[Path, list[str]]:
    numbers = _NUMBERS[part]
    place = obtain(name, settings, _archive(part))
    files = [
        file
        for file in photos_below(place, "*", ".png")
        if Path(file).stem.isdigit() and int(Path(file).stem) in numbers
    ]
    expected = [f"{number:04}.png" for number in numbers]
    what = f"{expected[0]} to {expected[-1]} in {place}"
    require(name, settings, files == expected, what, f"{len(files)} of them")
    return place, files
