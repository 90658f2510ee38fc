"""Codebook and regression from photos that people scored, as the authors fit theirs to LIVE."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wespe.core.parallel import ordered_map
from wespe.judging.raters.base import Task
from wespe.judging.raters.cornia.features import (
    Codebook,
    Floats,
    encode,
    sample_patches,
)
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.judging.raters.cornia.words import kept_codebook
from wespe.judging.raters.kept import Arrays, kept
from wespe.judging.raters.people import People
from wespe.judging.raters.ridge import fit_ridge
from wespe.photos.images import read_photo

Photo = tuple[Path, Path]
"""A photo, and the file for its features."""


def fit_to_people(
    settings: CorniaSettings, task: Task, people: People
) -> tuple[Codebook, NDArray[np.float64], float]:
    """Codebook, weights `(2n,)` and bias of the score, on people's scale.

    A ridge regression takes the place of the support vector regression: its penalty follows from
    the photos themselves, whatever the scale of their scores. Raises ValueError that names the
    source for too few patches for the words.
    """
    photos = [
        (task.photos.path(entry), task.state / f"{entry.sha256}.safetensors")
        for entry in people.learned
    ]
    draw = partial(_patches, count=-(-settings.codebook_patches // len(photos)), seed=task.seed)
    codebook = kept_codebook(ordered_map(draw, photos), settings, task)
    encoded = partial(
        _features, codebook=codebook, patches=settings.patches_per_photo, seed=task.seed
    )
    found = fit_ridge(np.stack(list(ordered_map(encoded, photos))), people.opinions)
    return codebook, found.weights, found.bias


def _patches(photo: Photo, *, count: int, seed: int) -> Floats:
    """`count` patches of a photo, at other places than those that it is judged by."""
    return sample_patches(read_photo(photo[0]).pixels, count, seed=seed + 1)


def _features(photo: Photo, *, codebook: Codebook, patches: int, seed: int) -> Floats:
    """The features of a photo, `(2n,)`."""
    path, file = photo

    def encoded() -> Arrays:
        some = sample_patches(read_photo(path).pixels, patches, seed=seed)
        return {"features": encode(some, codebook)}

    return kept(file, encoded)["features"]
