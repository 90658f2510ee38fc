"""A photo of an index by each method that is compared: as it is, enhanced, and its reference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from wespe.photos.images import Enhance, PhotoError, Pixels, read_photo
from wespe.photos.resizing import larger, smaller
from wespe.results.index import Crop, PhotoEntry, PhotoIndex
from wespe.results.methods import ORIGINAL, TARGET

_LEAST_PX = 4


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
    `border_px` along all sides are not measured.
    """

    reference: Pixels | None
    crop: Crop | None = None
    border_px: int = 0

    @property
    def compared(self) -> Pixels | None:
        """What of the reference is compared."""
        return None if self.reference is None else self._inside(self.reference)

    def of(self, photo: Pixels) -> Pixels:
        """What is measured of a version of the photo, `(H, W, 3)`."""
        if self.crop is None:
            return self._inside(photo)
        top, left = self.crop.y, self.crop.x
        bottom, right = top + self.crop.height_px, left + self.crop.width_px
        return self._inside(photo[top:bottom, left:right])

    def _inside(self, photo: Pixels) -> Pixels:
        border, (height, width, _) = self.border_px, photo.shape
        return np.ascontiguousarray(photo[border : height - border, border : width - border])


def read_parts(index: PhotoIndex, entry: PhotoEntry) -> tuple[Pixels, list[Part]]:
    """A photo and what is measured of it: its crops, or all of it where it has none.

    Raises PhotoError as `read_entry` does, and for a crop whose reference cannot be read, has
    another size than the index says, or lies outside the photo.
    """
    original, reference = read_entry(index, entry)
    if not entry.crops:
        return original, [Part(reference)]
    return original, [_read_crop(index, crop, original) for crop in entry.crops]


def read_smaller(index: PhotoIndex, entry: PhotoEntry, scale: int) -> tuple[Pixels, Pixels, Part]:
    """A photo made smaller by bicubic, the same enlarged again, and what is measured of it.

    As the literature on super-resolution does: the photo is the reference, without what is left of
    a multiple of `scale` and, in measuring, without a border of `scale` px. Raises PhotoError for
    one that cannot be read or has a side below 4 px once it is smaller.
    """
    path = index.path(entry)
    photo = read_photo(path).pixels
    height, width = (side // scale * scale for side in photo.shape[:2])
    if min(height, width) < _LEAST_PX * scale:
        least = _LEAST_PX * scale
        raise PhotoError(path, f"expected at least {least}×{least} px, got {size_px(photo)}")
    small = smaller(photo, scale)
    reference = np.ascontiguousarray(photo[:height, :width])
    return small, larger(small, scale), Part(reference, border_px=scale)


def refuse_references(index: PhotoIndex, scale: int) -> None:
    """Raise ValueError for photos with references, where they are to be their own."""
    if any(entry.reference or entry.crops for entry in index.photos):
        raise ValueError(
            f"{index.source}: expected photos without references, since they are made {scale} "
            "times smaller and are their own"
        )


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
