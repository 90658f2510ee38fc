"""BSD100, of super-resolution: the test photos of BSDS300 (Martin et al., 2001)."""

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

_PHOTOS = 100
_ARCHIVE = Archive(
    "bsd100",
    "BSDS300-images.tgz",
    "BSDS300",
    "images/test/*.jpg",
    magic=(b"\x1f\x8b",),
    only=("BSDS300/images/test/*.jpg",),
)
LICENCE = "non-commercial research and education"


class Bsd100Settings(DatasetSettings):
    """BSD100, which the literature on super-resolution judges by: the 100 test photos of BSDS300,
    JPEG of 481×321 px. Its 200 training photos are not taken."""

    kind: Literal["bsd100"]
    """Selects this kind of source."""


def acquire(name: str, settings: Bsd100Settings, out: Path) -> PhotoIndex:
    """Index the photos where they lie. Raises ValueError if they cannot be had."""
    place = obtain(name, settings, _ARCHIVE) / "images" / "test"
    files = photos_below(place, "*", ".jpg")
    what = f"{_PHOTOS} photos in {place}"
    require(name, settings, len(files) == _PHOTOS, what, str(len(files)))
    return index_photos(name, place, files, origin="BSDS300, its test photos", licence=LICENCE)


def needs(settings: Bsd100Settings) -> Needs:
    """What is to be downloaded."""
    return needed(settings, [_ARCHIVE])
