"""Projects of two cameras: photos of both below a folder, settings, and what was found."""

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage

from tests.two_cameras import Cameras, Shot, shoot
from wespe.core.files import read_json
from wespe.data.aligned import AlignedSettings
from wespe.data.aligned.pair import Report
from wespe.data.aligned.source import work_folder
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import PhotoIndex

SIZE = 48
# Gentle differences: photos of 500 px are small beside what cameras make.
NEAR = Cameras(source_scale=0.8, target_scale=1.0)
NAMES = ("coffee.png", "chelsea.png", "astronaut.png")


def scene(name: str) -> Pixels:
    """A photo of scikit-image, 600 px wide."""
    pixels = read_photo(Path(skimage.__file__).parent / "data" / name).pixels
    factor = 600 / pixels.shape[1]
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor), np.uint8)


def take(folder: Path, names: tuple[str, ...] = NAMES, **changes: Any) -> dict[str, Shot]:
    """Photos of both cameras below `folder`, by the scene's name."""
    shots = {}
    for number, name in enumerate(names):
        shot = _shot(name, Cameras(**{**vars(NEAR), **changes}), number)
        shots[Path(name).stem] = shot
        write_photo(folder / "phone" / f"{Path(name).stem}.png", shot.source)
        write_photo(folder / "canon" / f"{Path(name).stem}.png", shot.target)
    return shots


@cache
def _shot(name: str, cameras: Cameras, seed: int) -> Shot:
    return shoot(scene(name), cameras, np.random.default_rng(seed))


def settings_of(part: str = "source", **changes: Any) -> AlignedSettings:
    values = {
        "kind": "aligned",
        "path": "photos",
        "source": "phone",
        "target": "canon",
        "part": part,
        "held_out": 0.0,
        "size_px": SIZE,
        "work": "work",
        **changes,
    }
    return AlignedSettings(**values)


def reports_of(settings: AlignedSettings) -> dict[str, Report]:
    folder = work_folder(settings) / "reports"
    return {
        path.relative_to(folder).with_suffix("").as_posix(): Report(**read_json(path))
        for path in folder.rglob("*.json")
    }


def reasons_of(index: PhotoIndex) -> dict[str, str]:
    return {entry.file: entry.reason for entry in index.skipped}
