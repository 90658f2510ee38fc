"""Views of photos at hand, which become the photos of the archives."""

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.copies import ROOT
from tests.published import SHARED
from wespe.data.camera import simulate_phone
from wespe.data.demo import photo_path, read_inventory
from wespe.photos.images import PHOTO_SUFFIXES, Pixels, read_photo

_LARGEST_PX = 1600  # of a photo that views are taken of
_PHONES = {
    "iphone": (-0.5, (1.0, 0.95, 0.7)),
    "blackberry": (-0.3, (0.9, 1.0, 0.85)),
    "sony": (-0.7, (1.0, 0.9, 0.9)),
}
"""Exposure in stops and white balance by which three simulated phones differ."""


def views(kind: str, count: int, width_px: int, height_px: int, *, seed: int) -> Iterator[Pixels]:
    """`count` different parts of photos at hand, uint8 `(H, W, 3)`, each at that size.

    `kind`: the folder of `../shared/data` that is looked into first; without it the demo's photos
    are taken. The same seed gives the same views of the same photos.
    """
    files, draw = _files(kind), np.random.default_rng(seed)
    for number in range(count):
        photo = _photo(files[number % len(files)])
        height, width = photo.shape[:2]
        zoom = min(height / height_px, width / width_px) * draw.uniform(0.6, 1)
        size = round(height_px * zoom), round(width_px * zoom)
        y, x = int(draw.integers(height - size[0] + 1)), int(draw.integers(width - size[1] + 1))
        part = photo[y : y + size[0], x : x + size[1]]
        how = cv2.INTER_AREA if zoom > 1 else cv2.INTER_CUBIC
        yield np.asarray(cv2.resize(part, (width_px, height_px), interpolation=how), np.uint8)


def as_phone(photo: Pixels, phone: str, *, seed: int) -> Pixels:
    """The photo as one of three simulated phones would have taken it."""
    exposure_ev, white_balance = _PHONES[phone]
    return simulate_phone(
        photo,
        generator=np.random.default_rng(seed),
        corner_ev=0,
        exposure_ev=exposure_ev,
        white_balance=white_balance,
    )


def encoded(photo: Pixels, suffix: str, *, camera: tuple[str, str] | None = None) -> bytes:
    """The photo as a file; `camera`: make and model, for EXIF."""
    stream, exif = io.BytesIO(), Image.Exif()
    if camera:
        exif[271], exif[272] = camera
    if suffix == ".png":
        Image.fromarray(photo).save(stream, "PNG", compress_level=1)
    else:
        Image.fromarray(photo).save(stream, "JPEG", quality=90, exif=exif)
    return stream.getvalue()


def _files(kind: str) -> list[Path]:
    folder = SHARED / kind
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    return found or [photo_path(photo) for photo in read_inventory(ROOT / "data" / "demo.csv")]


@lru_cache(maxsize=12)
def _photo(path: Path) -> Pixels:
    photo = read_photo(path).pixels
    ratio = _LARGEST_PX / max(photo.shape)
    if ratio >= 1:
        return photo
    size = round(photo.shape[1] * ratio), round(photo.shape[0] * ratio)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
