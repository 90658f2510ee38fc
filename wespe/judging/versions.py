"""A photo of an index by each method that is compared: as it is, enhanced, and its reference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from wespe.photos.images import Enhance, PhotoError, Pixels, read_photo
from wespe.results.index import Crop, PhotoEntry, PhotoIndex
from wespe.results.methods import ORIGINAL, TARGET


def read_entry(index: PhotoIndex, entry: PhotoEntry) -> tuple[Pixels, Pixels | None]:
    """A photo and its reference, if it has one: uint8 `(H, W, 3)` of one size.

    Raises PhotoError for the one that cannot be read, and for a reference of another size.
    """
    original = read_photo(index.path(entry)).pixels
    path = index.reference_path(entry)
    if path is None:
        return original, None
    reference = read_photo(path).pixels
    if reference.shape != original.shape:
        expected, got = size_px(original), size_px(reference)
        raise PhotoError(path, f"expected {expected} like its photo, got {got}")
    return original, reference


@dataclass(frozen=True)
class Part:
    """What of a photo is measured, and against what.

    `reference`: uint8 of the part's size, None if there is none; `crop`: None for all of the photo.
    """

    reference: Pixels | None
    crop: Crop | None = None

    def of(self, photo: Pixels) -> Pixels:
        """The part of a version of the photo, `(H, W, 3)`."""
        if self.crop is None:
            return photo
        top, left = self.crop.y, self.crop.x
        bottom, right = top + self.crop.height_px, left + self.crop.width_px
        return np.ascontiguousarray(photo[top:bottom, left:right])


def read_parts(index: PhotoIndex, entry: PhotoEntry) -> tuple[Pixels, list[Part]]:
    """A photo and what is measured of it: its crops, or all of it where it has none.

    Raises PhotoError as `read_entry` does, and for a crop whose reference cannot be read, has
    another size than the index says, or lies outside the photo.
    """
    original, reference = read_entry(index, entry)
    if not entry.crops:
        return original, [Part(reference)]
    return original, [_read_crop(index, crop, original) for crop in entry.crops]


def _read_crop(index: PhotoIndex, crop: Crop, original: Pixels) -> Part:
    path = index.file_path(crop.reference)
    part = Part(read_photo(path).pixels, crop)
    assert part.reference is not None
    if part.reference.shape != (crop.height_px, crop.width_px, 3):
        expected, got = f"{crop.width_px}×{crop.height_px} px", size_px(part.reference)
        raise PhotoError(path, f"expected {expected} as in the index, got {got}")
    if part.of(original).shape != part.reference.shape:
        raise PhotoError(path, f"expected a crop of a photo of {size_px(original)}, got {crop}")
    return part


def versions(
    original: Pixels, enhancers: Mapping[str, Enhance], reference: Pixels | None = None
) -> Iterator[tuple[str, Pixels]]:
    """Each method and the photo by it, one at a time, in the order of tables."""
    yield ORIGINAL, original
    for name, enhance in enhancers.items():
        yield name, enhance(original)
    if reference is not None:
        yield TARGET, reference


def size_px(photo: Pixels) -> str:
    """Width and height of a photo, `(H, W, 3)`, as people read them."""
    return f"{photo.shape[1]}×{photo.shape[0]} px"
