"""The embedded demo: photos of wheels that are installed anyway, and a simulated phone camera.

scikit-image, scikit-learn and matplotlib carry everyday photos whose licences are stated as free.
Left out are the stereo motorcycle, whose licence is not stated, and what no one photographs by
hand: the retina, the tissue section, the Hubble deep field. Two photos are for training, six for
testing. The demo is unpaired: a training photo is cut into fields of a chessboard, of which the
phone has one colour and the DSLR the other. So both domains show the same kinds of scenes, as WESPE
assumes, and share no pixel.
"""

import csv
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from wespe.core.files import sha256
from wespe.data.camera import simulate_phone
from wespe.data.settings import SourceSettings
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex

_CAMERA = "simulated phone camera"
_FIELD_PX = 100  # about the side of a field of the chessboard
# Strong enough to be part of what has to be undone; the photos as taken are PNG, without loss.
_PHONE_JPEG_QUALITY = 80


class DemoSettings(SourceSettings):
    """Photos that installed packages carry, as taken or through the simulated phone."""

    kind: Literal["demo"]
    """Selects this kind of source."""
    path: str
    """The inventory of the photos, a CSV file; `file` is a path within the installed packages."""
    role: Literal["phone", "dslr", "test"]
    """`phone`: every other field of the training photos, through the simulated camera. `dslr`: the
    fields between them, as taken. `test`: other photos through the simulated camera, with those as
    taken for references."""


@dataclass(frozen=True)
class DemoPhoto:
    """One line of the inventory, as far as it is used; author and origin are for readers."""

    file: str
    sha256: str
    split: str
    licence: str


def acquire(name: str, settings: DemoSettings, out: Path) -> PhotoIndex:
    """Write the photos of the role below `out`: the phone's as JPEG, those as taken as PNG.

    Raises ValueError if the inventory is none, if a package is not installed, or if it lacks a
    photo or carries another one under its name.
    """
    split = "test" if settings.role == "test" else "train"
    inventory = read_inventory(Path(settings.path))
    chosen = [photo for photo in inventory if photo.split == split]
    if not chosen:
        raise ValueError(f"{settings.path}: expected photos of split {split!r}, got none")
    simulated = settings.role != "dslr"
    return PhotoIndex(
        source=name,
        root="",
        origin=f"photos of installed packages, {_CAMERA if simulated else 'as taken'}",
        simulated=simulated,
        photos=[entry for photo in chosen for entry in _written(photo, settings.role, out)],
        licence=", ".join(sorted({photo.licence for photo in chosen})),
    )


def read_inventory(path: Path) -> list[DemoPhoto]:
    """The lines of the inventory; ValueError names a file that is not an inventory."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return [DemoPhoto(row["file"], row["sha256"], row["split"], row["licence"]) for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected an inventory of demo photos, got {error}") from error
    except KeyError as error:
        raise ValueError(f"{path}: expected a column {error}, got none") from error


def _written(photo: DemoPhoto, role: str, out: Path) -> Iterator[PhotoEntry]:
    taken = _as_taken(photo)
    stem = Path(photo.file).stem
    if role == "dslr":
        for number, field in enumerate(_fields(taken, colour=1)):
            yield _save(out, f"{stem}_{number}.png", field)
        return
    # Seeded by the photo, so that the same photo has the same noise in every source.
    generator = np.random.default_rng(int(photo.sha256, 16))
    phone = simulate_phone(taken, generator=generator)
    if role == "phone":
        for number, field in enumerate(_fields(phone, colour=0)):
            yield _save(out, f"{stem}_{number}.jpg", field)
        return
    reference = _save(out, f"dslr/{stem}.png", taken)
    yield replace(_save(out, f"phone/{stem}.jpg", phone), reference=reference.file)


def _fields(pixels: Pixels, *, colour: Literal[0, 1]) -> Iterator[Pixels]:
    """The fields of one colour of a chessboard over the photo, row by row."""
    bands = np.array_split(pixels, round(pixels.shape[0] / _FIELD_PX), axis=0)
    for row, band in enumerate(bands):
        fields = np.array_split(band, round(band.shape[1] / _FIELD_PX), axis=1)
        yield from fields[(row + colour) % 2 :: 2]


def _as_taken(photo: DemoPhoto) -> Pixels:
    return read_photo(photo_path(photo)).pixels


def photo_path(photo: DemoPhoto) -> Path:
    """The photo's file in its package. Raises ValueError if it is missing or another one."""
    package, _, file = photo.file.partition("/")
    try:
        path = Path(str(importlib.resources.files(package))) / file
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the demo's photo {photo.file} comes with the package {package}, which is not "
            "installed"
        ) from error
    if not path.is_file():
        raise ValueError(f"{path}: expected a demo photo, but the installed package has none")
    found = sha256(path)
    if found != photo.sha256:
        raise ValueError(f"{path}: expected a photo with sha256 {photo.sha256}, got {found}")
    return path


def _save(out: Path, file: str, pixels: Pixels) -> PhotoEntry:
    path = out / file
    write_photo(path, pixels, quality=_PHONE_JPEG_QUALITY)
    height, width = pixels.shape[:2]
    return PhotoEntry(file, width_px=width, height_px=height, sha256=sha256(path))
