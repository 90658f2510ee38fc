"""The codebook of a fit, which takes minutes and is kept for one that is stopped."""

from collections.abc import Iterable

import numpy as np

from wespe.judging.raters.base import Task
from wespe.judging.raters.cornia.features import Codebook, Floats, fit_codebook
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.judging.raters.kept import Arrays, kept


def kept_codebook(patches: Iterable[Floats], settings: CorniaSettings, task: Task) -> Codebook:
    """The codebook of normalised patches, `(n, 49)` from each photo.

    Raises ValueError that names the source for fewer patches than words.
    """

    def fitted() -> Arrays:
        try:
            found = fit_codebook(np.concatenate(list(patches)), settings.words, seed=task.seed)
        except ValueError as error:
            raise ValueError(f"source {task.photos.source}: {error}") from error
        return vars(found)

    return Codebook(**kept(task.state / "codebook.safetensors", fitted))
