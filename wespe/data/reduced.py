"""Photos made smaller, so that nothing is left of their JPEG, for networks that learn texture."""

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.photos.images import read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex


def reduced(index: PhotoIndex, factor: int, out: Path) -> PhotoIndex:
    """The photos of `index` at 1 / `factor` of their size, as PNG files below `out`.

    Each pixel is the mean of `factor` × `factor`; what is left of a multiple is cut off at the
    right and below.
    """
    shrink = partial(_shrink, root=Path(index.root), factor=factor, out=out)
    photos = [*ordered_map(shrink, index.photos)]
    origin = f"{index.origin}, at 1/{factor} of their size"
    return replace(index, root="", origin=origin, photos=photos)


def _shrink(entry: PhotoEntry, *, root: Path, factor: int, out: Path) -> PhotoEntry:
    pixels = read_photo(root / entry.file).pixels
    height, width = (side // factor for side in pixels.shape[:2])
    whole = pixels[: height * factor, : width * factor]
    small = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    # Two photos may differ in their suffix alone.
    file = str(PurePosixPath(f"{entry.file}.png"))
    write_photo(out / file, small)
    return replace(entry, file=file, width_px=width, height_px=height, sha256=sha256(out / file))
