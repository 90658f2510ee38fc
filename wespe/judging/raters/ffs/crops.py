"""Where a rater looks in a photo, and the crops that it learns from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wespe.networks.fitting.engine import Batch
from wespe.photos.images import Pixels, photo_size, read_photo
from wespe.photos.tensors import from_levels
from wespe.results.faves import FavePhoto

LEAST_PX = 32
"""The smallest crop: five halvings leave one pixel of it."""


def five_crops(height: int, width: int, size_px: int) -> list[tuple[int, int, int]]:
    """`(y, x, side)` of the crops that score a photo: four corners and the centre, without repeats.

    The side is `size_px`, or the photo's shorter side where that is smaller: pixels are never
    resampled, since that would change the very detail that is judged. The paper has five crops and
    does not say where. Raises ValueError below 32 px.
    """
    side = min(size_px, height, width)
    if side < LEAST_PX:
        raise ValueError(f"expected at least {LEAST_PX} px a side, got {width}×{height}")
    below, right = height - side, width - side
    corners = [(0, 0), (0, right), (below, 0), (below, right), (below // 2, right // 2)]
    return [(y, x, side) for y, x in dict.fromkeys(corners)]


def cut(photo: Pixels, places: Sequence[tuple[int, int, int]]) -> Pixels:
    """The square crops at `places`, uint8 `(N, side, side, 3)`."""
    crops = [photo[y : y + side, x : x + side] for y, x, side in places]
    return np.stack(crops)


def centre(path: Path, size_px: int) -> Pixels:
    """The crop in the middle of a photo that is at least that large, uint8 `(S, S, 3)`."""
    photo = read_photo(path).pixels
    height, width = photo.shape[:2]
    crop: Pixels = cut(photo, [((height - size_px) // 2, (width - size_px) // 2, size_px)])[0]
    return crop


def large_enough(
    photos: Sequence[FavePhoto], size_px: int
) -> tuple[list[FavePhoto], list[FavePhoto]]:
    """The photos that a crop fits in, and those that are smaller."""
    fits = [min(photo_size(photo.path)) >= size_px for photo in photos]
    return (
        [photo for photo, fit in zip(photos, fits, strict=True) if fit],
        [photo for photo, fit in zip(photos, fits, strict=True) if not fit],
    )


def training_batches(
    photos: Sequence[FavePhoto], *, size_px: int, batch_size: int, flip: bool, seed: int
) -> Callable[[int], Batch]:
    """The batches of a training, a function of the step's number: crops and labels.

    Crops float32 `(N, 3, S, S)` in [0, 1], labels float32 `(N,)`. In an epoch, which has
    `steps_per_epoch` steps, each photo is seen once, in a random order, in one random crop.
    """
    per_epoch = steps_per_epoch(len(photos), batch_size)

    def batch(step: int) -> Batch:
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(photos))
        chosen = order[place * batch_size : (place + 1) * batch_size]
        crops = [
            _random_crop(photos[n].path, size_px, flip, np.random.default_rng((seed, epoch, n)))
            for n in chosen
        ]
        labels = torch.tensor([photos[n].label for n in chosen], dtype=torch.float32)
        return to_batch(np.stack(crops)), labels

    return batch


def steps_per_epoch(photos: int, batch_size: int) -> int:
    """Steps in which each photo is seen once; the last batch may be smaller."""
    return -(-photos // batch_size)


def to_batch(crops: Pixels) -> Tensor:
    """uint8 `(N, S, S, 3)` → float32 `(N, 3, S, S)` in [0, 1], in the layout of convolutions."""
    return from_levels(torch.from_numpy(crops)).contiguous(memory_format=torch.channels_last)


def _random_crop(path: Path, size_px: int, flip: bool, generator: np.random.Generator) -> Pixels:
    photo = read_photo(path).pixels
    height, width = photo.shape[:2]
    y = int(generator.integers(height - size_px + 1))
    x = int(generator.integers(width - size_px + 1))
    crop = cut(photo, [(y, x, size_px)])[0]
    return np.ascontiguousarray(crop[:, ::-1]) if flip and generator.integers(2) else crop
