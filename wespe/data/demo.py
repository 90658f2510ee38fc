"""The embedded demo: the photos of the scikit-image wheel, and a simulated phone camera.

The wheel carries four everyday colour photos whose licence it states as free. Left out are the
stereo motorcycle, whose licence it does not state, and what no one photographs by hand: the retina,
the tissue section, the Hubble deep field. Two photos are for training, two for testing. The demo is
unpaired: of a training photo the phone has the left half and the DSLR the right, so both domains
show the same kinds of scenes, as WESPE assumes, and share no pixel.
"""

import csv
import importlib.resources
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from wespe.core.files import sha256
from wespe.data.camera import simulate_phone
from wespe.data.settings import SourceSettings
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex

# Strong enough to be part of what has to be undone; the photos as taken are PNG, without loss.
_PHONE_JPEG_QUALITY = 80


class DemoSettings(SourceSettings):
    """Photos that the scikit-image wheel carries, as taken or through the simulated phone."""

    kind: Literal["demo"]
    """Selects this kind of source."""
    path: str
    """The inventory of the photos, a CSV file."""
    role: Literal["phone", "dslr", "test"]
    """`phone`: the left halves of the training photos, through the simulated camera. `dslr`: their
    right halves, as taken. `test`: other photos through the simulated camera, with those as taken
    for references."""


@dataclass(frozen=True)
class DemoPhoto:
    """One line of the inventory, as far as it is used; author and origin are for readers."""

    file: str
    sha256: str
    split: str
    licence: str


def acquire(name: str, settings: DemoSettings, out: Path) -> PhotoIndex:
    """Write the photos of the role below `out`: the phone's as JPEG, those as taken as PNG.

    Raises ValueError if the inventory is none, if scikit-image is not installed, or if it lacks a
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
        origin=f"scikit-image photos, {'simulated phone camera' if simulated else 'as taken'}",
        simulated=simulated,
        photos=[_write(photo, settings.role, out) for photo in chosen],
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


def _write(photo: DemoPhoto, role: str, out: Path) -> PhotoEntry:
    taken = _as_taken(photo)
    middle = taken.shape[1] // 2
    stem = Path(photo.file).stem
    if role == "dslr":
        return _save(out, f"{stem}.png", taken[:, middle:])
    # Seeded by the photo, so that the same photo has the same noise in every source.
    generator = np.random.default_rng(int(photo.sha256, 16))
    phone = simulate_phone(taken, generator=generator)
    if role == "phone":
        return _save(out, f"{stem}.jpg", phone[:, :middle])
    reference = _save(out, f"dslr/{stem}.png", taken)
    return replace(_save(out, f"phone/{stem}.jpg", phone), reference=reference.file)


def _as_taken(photo: DemoPhoto) -> Pixels:
    return read_photo(photo_path(photo)).pixels


def photo_path(photo: DemoPhoto) -> Path:
    """The photo's file in the wheel. Raises ValueError if it is missing or another one."""
    try:
        path = Path(str(importlib.resources.files("skimage"))) / "data" / photo.file
    except ModuleNotFoundError as error:
        raise ValueError(
            "the demo's photos come with scikit-image, which is not installed"
        ) from error
    if not path.is_file():
        raise ValueError(f"{path}: expected a demo photo, but the installed scikit-image has none")
    found = sha256(path)
    if found != photo.sha256:
        raise ValueError(f"{path}: expected a photo with sha256 {photo.sha256}, got {found}")
    return path


def _save(out: Path, file: str, pixels: Pixels) -> PhotoEntry:
    path = out / file
    write_photo(path, pixels, quality=_PHONE_JPEG_QUALITY)
    height, width = pixels.shape[:2]
    return PhotoEntry(file, width_px=width, height_px=height, sha256=sha256(path))
