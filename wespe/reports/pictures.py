"""Pictures inside the page: embedded as base64, and laid out for comparison."""

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wespe.images import read_photo, write_photo
from wespe.reports.inputs import EvaluationResult

_MOST_BYTES = 300_000
_QUALITY = 85
# A picture of at most this size is a patch: shown enlarged, pixel by pixel.
_PATCH_PX = 256
_PATCH_SCALE = 3


@dataclass(frozen=True)
class Picture:
    """A picture as a `data:` address, and its size."""

    source: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class View:
    """A photo by one method; without a picture the page says so."""

    method: str
    picture: Picture | None
    psnr_db: float | None


@dataclass(frozen=True)
class ShownPhoto:
    """A photo by all methods."""

    name: str
    views: list[View]
    width_px: int
    height_px: int

    @property
    def is_patch(self) -> bool:
        return max(self.width_px, self.height_px) <= _PATCH_PX

    @property
    def shown_px(self) -> int:
        """The width on the page, where it has room."""
        return self.width_px * (_PATCH_SCALE if self.is_patch else 1)


@dataclass(frozen=True)
class Gallery:
    """All shown photos of an evaluation; `left` and `right` are compared at first."""

    methods: list[str]
    left: str
    right: str
    photos: list[ShownPhoto]


def embed(path: Path) -> Picture:
    """A JPEG file as it is, or at quality 85 where it has over 300 kB. Raises PhotoError."""
    pixels = read_photo(path).pixels
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        with tempfile.TemporaryDirectory() as folder:
            smaller = Path(folder) / "picture.jpg"
            write_photo(smaller, pixels, quality=_QUALITY)
            content = smaller.read_bytes()
    height, width = pixels.shape[:2]
    encoded = base64.b64encode(content).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{encoded}", width, height)


def gallery(result: EvaluationResult, psnr_db: Mapping[str, Mapping[str, float]]) -> Gallery:
    """The shown photos of an evaluation, with each one's own PSNR (image → method → dB)."""
    found = {method: None for methods in result.pictures.values() for method in methods}
    order = [name for name in result.summary.methods if name in found]
    methods = order + [name for name in found if name not in order]
    by_stem = {PurePosixPath(image).stem: values for image, values in psnr_db.items()}
    photos = []
    for name, files in result.pictures.items():
        values = psnr_db.get(name) or by_stem.get(name, {})
        views = [
            View(method, embed(files[method]) if method in files else None, values.get(method))
            for method in methods
        ]
        first = next(view.picture for view in views if view.picture)
        photos.append(ShownPhoto(name, views, first.width_px, first.height_px))
    left = "original" if "original" in methods else next(iter(methods), "")
    right = "enhanced" if "enhanced" in methods else left
    return Gallery(methods, left, right, photos)
