"""The photos of an evaluation that a reader sees: whole, and a part of each pixel by pixel."""

from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path, PurePath

import cv2
import numpy as np
from numpy.typing import NDArray

from wespe.judging.versions import Part, versions
from wespe.photos.images import Enhance, Pixels, write_photo
from wespe.results.layout import EvaluationFiles
from wespe.results.methods import TARGET

_PICTURE_PX = 1600
CROP_PX = 200


class Album:
    """Writes photos by several methods into the folders `pictures` and `crops` of an evaluation.

    A picture is the whole photo, at most 1600 px wide and high, a crop the 200 × 200 px of it that
    have most detail, as they are (all of it where it is smaller); both are `STEM.METHOD.jpg`. Of a
    photo with crops to measure it is the one whose reference has most contrast, and the target is
    there only of that.
    """

    def __init__(self, files: EvaluationFiles) -> None:
        self._pictures, self._crops = files.pictures, files.crops
        for folder in (self._pictures, self._crops):
            folder.mkdir()
        self.files: dict[str, str] = {}
        """The file of each photo, by its stem here: photos of two folders may share a stem."""
        self.crops: dict[str, tuple[int, int, int, int]] = {}
        """Where each photo's crop lies: x, y, width, height in pixels of the photo, by stem."""
        self.sizes: dict[str, tuple[int, int]] = {}
        """Width and height of each photo, by stem."""

    def add(
        self,
        file: str,
        original: Pixels,
        enhancers: Mapping[str, Enhance],
        parts: Sequence[Part],
    ) -> None:
        """Add the photo `file`, uint8 `(H, W, 3)`, by each method; `parts` of it are measured."""
        name = PurePath(file).stem
        candidates = chain([name], (f"{name}-{repeat}" for repeat in count(2)))
        stem = next(candidate for candidate in candidates if candidate not in self.files)
        height, width = original.shape[:2]
        scale = min(1.0, _PICTURE_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shown = max(parts, key=_contrast)
        if shown.crop:
            box = (shown.crop.x, shown.crop.y, shown.crop.width_px, shown.crop.height_px)
        else:
            box = most_detailed(original, CROP_PX)
        x, y, crop_width, crop_height = box
        whole = None if shown.crop else shown.reference
        for method, pixels in versions(original, enhancers, whole):
            picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            self._write(self._pictures, stem, method, np.asarray(picture, np.uint8))
            crop = pixels[y : y + crop_height, x : x + crop_width]
            self._write(self._crops, stem, method, crop)
        if shown.crop and shown.reference is not None:
            self._write(self._crops, stem, TARGET, shown.reference)
        self.files[stem], self.crops[stem], self.sizes[stem] = file, box, (width, height)

    @staticmethod
    def _write(folder: Path, stem: str, method: str, pixels: Pixels) -> None:
        write_photo(folder / f"{stem}.{method}.jpg", np.ascontiguousarray(pixels))


def _contrast(part: Part) -> float:
    """The standard deviation of the reference's levels; 0 where there is none."""
    return 0.0 if part.reference is None else float(part.reference.std())


def evenly_spread(files: Sequence[str], number: int) -> list[str]:
    """At most `number` of `files`, from the middles of as many equal parts."""
    shown = min(number, len(files))
    return [files[(2 * place + 1) * len(files) // (2 * shown)] for place in range(shown)]


def most_detailed(photo: Pixels, size_px: int) -> tuple[int, int, int, int]:
    """The square of `size_px` with the largest mean gradient of the grey levels.

    `photo`: uint8 `(H, W, 3)`. Looks every quarter of the size; the first of equals wins. Returns
    x, y, width and height in pixels, of which the last two end at the photo's.
    """
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    box_width, box_height = min(size_px, width), min(size_px, height)
    # Bytes and not floats: the photo may have tens of megapixels.
    gradient = np.zeros_like(grey)
    gradient[1:] = _distance(grey[1:], grey[:-1]) // 2
    gradient[:, 1:] += _distance(grey[:, 1:], grey[:, :-1]) // 2
    sums = cv2.integral(gradient, sdepth=cv2.CV_64F)
    step = max(1, size_px // 4)
    places = [
        (left, top)
        for top in range(0, height - box_height + 1, step)
        for left in range(0, width - box_width + 1, step)
    ]

    def detail(place: tuple[int, int]) -> float:
        left, top = place
        right, bottom = left + box_width, top + box_height
        return float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])

    left, top = max(places, key=detail)
    return left, top, box_width, box_height


def _distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.maximum(first, second) - np.minimum(first, second)
