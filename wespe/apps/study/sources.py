"""Where a study's photos come from: what an evaluation keeps, or photos enhanced for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from wespe.core.files import sha256
from wespe.photos.images import PHOTO_SUFFIXES, Enhance, Pixels, read_photo, shrunk
from wespe.results.evaluations import EvaluationSummary
from wespe.results.layout import EvaluationFiles
from wespe.results.methods import ORIGINAL
from wespe.results.record import read_record

BICUBIC = "bicubic"
"""The method of a small photo that is enlarged without a network."""

Versions = Callable[[str, Sequence[str]], dict[str, Pixels]]
"""A photo and methods → method → uint8 `(H, W, 3)`; ValueError for a method that is not there."""


@dataclass(frozen=True)
class PhotoSet:
    """Photos that a study draws from."""

    name: str
    photos: tuple[str, ...]
    simulated: bool
    network: str
    """Hash of the network that made `enhanced`."""
    versions: Versions


def is_evaluation(folder: Path) -> bool:
    """Whether a folder is an evaluation's, not one of photos."""
    return EvaluationFiles(folder).summary.exists()


def of_evaluation(name: str, folder: Path) -> PhotoSet:
    """The photos whose pictures an evaluation keeps, at most 1600 px long.

    Photos that it shows because they gained least or most are left out. Of a network that enlarges
    `bicubic` is the small photo, enlarged, and `target` the photo itself. Raises ValueError where
    the folder is no evaluation's.
    """
    files = EvaluationFiles(folder)
    summary = read_record(files.summary, EvaluationSummary)
    kept = partial(_kept, files.pictures, {BICUBIC: ORIGINAL} if summary.scale != 1 else {})
    # Pictures of the photos that gained least and most would make a study of hand-picked photos.
    return PhotoSet(name, tuple(sorted(summary.gallery)), summary.simulated, summary.network, kept)


def _kept(
    folder: Path, named: Mapping[str, str], photo: str, methods: Sequence[str]
) -> dict[str, Pixels]:
    """Pictures of an evaluation; `named`: methods that files have another name for."""
    paths = {method: folder / f"{photo}.{named.get(method, method)}.jpg" for method in methods}
    for method, path in paths.items():
        if not path.exists():
            found = {file.stem.rpartition(".")[2] for file in folder.glob(f"{photo}.*.jpg")}
            there = sorted(found | named.keys())
            raise ValueError(f"{path}: expected one of {', '.join(there)}, got {method!r}")
    return {method: read_photo(path).pixels for method, path in paths.items()}


def enlarged_originals(scale: int) -> dict[str, Enhance]:
    """Methods for photos beside the results of a network that enlarges; empty for a `scale` of 1.

    All versions that a study shows have one size.
    """
    if scale == 1:
        return {}
    from wespe.photos.resizing import larger

    return dict.fromkeys((ORIGINAL, BICUBIC), partial(larger, factor=scale))


def of_photos(
    name: str,
    folder: Path,
    *,
    model: Path,
    enhancers: Mapping[str, Enhance],
    longest_px: int,
) -> PhotoSet:
    """The photos in a folder by each of `enhancers`, `enhanced` among them.

    `model` is the network's file. Photos larger than `longest_px` are enhanced whole, then shrunk.
    A method `original` among `enhancers` stands for the photos as they are. Raises ValueError
    without a photo.
    """
    photos = tuple(
        sorted(path.name for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    )
    if not photos:
        raise ValueError(f"{folder}: expected an evaluation's folder or one of photos, got neither")
    made = partial(_made, folder, {"original": np.copy, **enhancers}, longest_px)
    return PhotoSet(name, photos, False, sha256(model), made)


def _made(
    folder: Path,
    enhancers: Mapping[str, Enhance],
    longest_px: int,
    photo: str,
    methods: Sequence[str],
) -> dict[str, Pixels]:
    if missing := [method for method in methods if method not in enhancers]:
        raise ValueError(f"expected one of {', '.join(enhancers)}, got {missing[0]!r}")
    pixels = read_photo(folder / photo).pixels
    return {method: shrunk(enhancers[method](pixels), longest_px) for method in methods}
