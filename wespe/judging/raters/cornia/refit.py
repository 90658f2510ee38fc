"""A codebook and a regression of our own, from distorted photos and a full-reference metric.

As in Ye, Kumar and Doermann, "Beyond Human Opinion Scores", CVPR 2014, a metric that knows the
undistorted photo replaces people's opinions. They fuse several metrics; a single one, MS-SSIM, is
enough to order levels of a distortion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.core.parallel import ordered_map
from wespe.judging.metrics.ms_ssim import ms_ssim
from wespe.judging.raters.base import Task
from wespe.judging.raters.cornia.distortions import DISTORTIONS, VERSIONS, versions
from wespe.judging.raters.cornia.features import (
    Codebook,
    Floats,
    encode,
    sample_patches,
)
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.judging.raters.cornia.words import kept_codebook
from wespe.judging.raters.kept import Arrays, kept
from wespe.photos.images import Pixels, read_photo


@dataclass(frozen=True)
class _Job:
    """A photo, and the file for its results."""

    photo: Path
    kept: Path
    crop_px: int
    patches: int
    seed: int


def refit(
    settings: CorniaSettings, task: Task
) -> tuple[Codebook, NDArray[np.float64], float, dict[str, Any], tuple[str, ...]]:
    """Codebook, weights and bias of the score; figures of held-out photos, also in
    sentences.

    Raises ValueError for fewer than three photos, or too few patches for the words.
    """
    learned, held_out = _split(task, settings.held_out)
    codebook = _codebook(settings, task, learned)
    found = {
        part: list(ordered_map(partial(_examples, codebook=codebook), _jobs(settings, task, files)))
        for part, files in (("learned", learned), ("held_out", held_out))
    }
    features, similarity = (np.concatenate(part) for part in zip(*found["learned"], strict=True))
    weights, bias = _regression(
        features, pseudo_opinions(similarity), nu=settings.nu, penalty=settings.penalty
    )
    scores = np.stack([features @ weights + bias for features, _ in found["held_out"]])
    spearman = correlations(scores)
    figures = {
        "words": settings.words,
        "examples": len(features),
        "photos_learned": learned,
        "photos_held_out": held_out,
        "spearman": spearman,
    }
    says = tuple(
        f"Spearman correlation with the level of {name}, on {len(held_out)} photos that it has "
        f"not seen: {value['pooled']:.3f} over all, {value['within']:.3f} within a photo"
        for name, value in spearman.items()
    )
    return codebook, weights, bias, figures, says


def pseudo_opinions(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """What stands in for opinions, 0 (best) to 100: the percentile ranks of 1 - MS-SSIM.

    So a score is about the percentage of the training photos, including the distorted ones, that
    look better. Equal values share the mean of their ranks.
    """
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(-similarity) - 1
    return 100 * ranks / max(1, len(similarity) - 1)


def correlations(scores: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Spearman's rank correlation of score and level, by distortion: `pooled` over all photos, and
    `within`, the mean over photos. `scores`: a row a photo, a column a version; a photo without
    distortion has level 0."""
    from scipy.stats import spearmanr

    found = {}
    for name in DISTORTIONS:
        columns = [n for n, (kind, _) in enumerate(VERSIONS) if kind in ("none", name)]
        levels = [VERSIONS[n][1] for n in columns]
        chosen = scores[:, columns]
        within = [float(spearmanr(row, levels).statistic) for row in chosen]
        pooled = spearmanr(chosen.ravel(), levels * len(chosen)).statistic
        found[name] = {"pooled": float(pooled), "within": float(np.mean(within))}
    return found


def _split(task: Task, share: float) -> tuple[list[str], list[str]]:
    """The files to learn from and those held out, in the order of the index."""
    files = [entry.file for entry in task.photos.photos]
    if len(files) < 3:
        raise ValueError(
            f"{task.photos.source}: expected at least 3 photos to learn from, got {len(files)}"
        )
    count = min(max(1, round(share * len(files))), len(files) - 2)
    out = set(np.random.default_rng(task.seed).permutation(len(files))[:count].tolist())
    parts: tuple[list[str], list[str]] = ([], [])
    for number, file in enumerate(files):
        parts[number in out].append(file)
    return parts


def _jobs(settings: CorniaSettings, task: Task, files: Sequence[str]) -> list[_Job]:
    return [
        _Job(
            task.photos.path(entry),
            task.state / f"{number}.safetensors",
            settings.crop_px,
            settings.patches_per_photo,
            task.seed,
        )
        for number, entry in enumerate(task.photos.photos)
        if entry.file in files
    ]


def _codebook(settings: CorniaSettings, task: Task, files: Sequence[str]) -> Codebook:
    count = -(-settings.codebook_patches // (len(files) * len(VERSIONS)))
    draw = partial(_some_patches, count=count)
    patches = ordered_map(draw, _jobs(settings, task, files))
    return kept_codebook(patches, settings, task)


def _some_patches(job: _Job, *, count: int) -> Floats:
    """`count` patches of each version of a photo, at places of their own."""
    return np.concatenate(
        [
            sample_patches(photo, count, seed=job.seed + 1 + number)
            for number, photo in enumerate(_versions(job))
        ]
    )


def _examples(job: _Job, *, codebook: Codebook) -> tuple[Floats, NDArray[np.float64]]:
    """The features of each version of a photo, `(versions, 2n)`, and its MS-SSIM, `(versions,)`."""

    def measured() -> Arrays:
        photos = list(_versions(job))
        patches = (sample_patches(photo, job.patches, seed=job.seed) for photo in photos)
        return {
            "features": np.stack([encode(some, codebook) for some in patches]),
            "similarity": np.array([ms_ssim(photo, photos[0]) for photo in photos]),
        }

    found = kept(job.kept, measured)
    return found["features"], found["similarity"]


def _versions(job: _Job) -> Iterator[Pixels]:
    yield from versions(read_photo(job.photo).pixels, job.crop_px, seed=job.seed)


def _regression(
    features: Floats, opinions: NDArray[np.float64], *, nu: float, penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Weights `(2n,)` and bias of a linear ν-support vector regression on features scaled to
    [-1, 1], as in the authors' code; the scaling is part of both."""
    from sklearn.svm import NuSVR

    low, high = features.min(axis=0).astype(np.float64), features.max(axis=0).astype(np.float64)
    varies = high > low
    scale = np.divide(2, high - low, out=np.zeros_like(low), where=varies)
    shift = np.where(varies, 1 - scale * high, 0)
    regression = NuSVR(kernel="linear", C=penalty, nu=nu).fit(features * scale + shift, opinions)
    slopes = np.asarray(regression.coef_, np.float64).ravel()
    return slopes * scale, float(slopes @ shift) + float(regression.intercept_[0])
