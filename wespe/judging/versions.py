"""A photo of an index by each method that is compared: as it is, enhanced, and its reference."""

from collections.abc import Iterator, Mapping

from wespe.photos.images import Enhance, PhotoError, Pixels, read_photo
from wespe.results.index import PhotoEntry, PhotoIndex
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


def versions(
    original: Pixels, enhancers: Mapping[str, Enhance], reference: Pixels | None
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
