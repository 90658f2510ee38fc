"""What a rater says of photos and of their enhancements, photo by photo."""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wespe.acquisition.index import PhotoEntry, PhotoIndex, Skipped
from wespe.baselines import Enhance
from wespe.files import atomic_folder, write_json
from wespe.images import PhotoError, Pixels, read_photo
from wespe.progress import Progress
from wespe.raters.base import Rater
from wespe.raters.statistics import bootstrap

ORIGINAL = "original"
Scores = dict[str, dict[str, float]]
"""By photo and method."""


def rate(
    index: PhotoIndex,
    rater: Rater,
    *,
    enhancers: Mapping[str, Enhance],
    about: Mapping[str, Any],
    out: Path,
) -> dict[str, Any]:
    """Score the photos of `index` and each of their enhancements; return the summary.

    Writes `scores.csv`, a row a photo and method, and `summary.json` into the folder `out`, which
    appears when all is done. `enhancers`, by method: uint8 `(H, W, 3)` → the same size. A photo's
    reference, where it has one, is scored as the method `target`. `about`: entries of the summary
    that say what was rated by what. Photos that cannot be read or are too small for the rater are
    listed under `unreadable`. Raises ValueError if that is all of them.
    """
    started = time.perf_counter()
    unreadable: list[Skipped] = []
    scores: Scores = {}
    with atomic_folder(out) as folder:
        with Progress(f"rate {index.source}", total=len(index.photos)) as bar:
            for entry in index.photos:
                try:
                    scores[entry.file] = _scores(index, entry, rater, enhancers)
                except PhotoError as error:
                    unreadable.append(Skipped(entry.file, error.reason))
                bar.advance()
        if not scores:
            reason = f": {unreadable[0].file}: {unreadable[0].reason}" if unreadable else ""
            raise ValueError(
                f"{index.source}: none of its {len(index.photos)} photos can be rated{reason}"
            )
        summary = {
            **about,
            "label": rater.label,
            "higher_is_better": rater.higher_is_better,
            "photos": index.source,
            "origin": index.origin,
            "simulated": index.simulated,
            "n_images": len(scores),
            "unreadable": [asdict(photo) for photo in unreadable],
            "methods": statistics_of(scores),
            "seconds": round(time.perf_counter() - started, 3),
        }
        _write_rows(folder / "scores.csv", scores)
        write_json(folder / "summary.json", summary)
    return summary


def statistics_of(scores: Scores) -> dict[str, dict[str, Any]]:
    """Of each method: mean, standard deviation (ddof 1), count, the interval of the mean, and the
    same of the difference to the original, photo by photo. Intervals are 95 % bootstrap ones."""
    methods = list(dict.fromkeys(method for photo in scores.values() for method in photo))
    found = {}
    for method in methods:
        photos = [photo for photo in scores.values() if method in photo]
        found[method] = _moments([photo[method] for photo in photos])
        if method != ORIGINAL:
            differences = [photo[method] - photo[ORIGINAL] for photo in photos]
            found[method]["difference"] = _moments(differences)
    return found


def _moments(values: Sequence[float]) -> dict[str, Any]:
    low, high = bootstrap(values) or (None, None)
    return {
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "n": len(values),
        "low": low,
        "high": high,
    }


def _scores(
    index: PhotoIndex, entry: PhotoEntry, rater: Rater, enhancers: Mapping[str, Enhance]
) -> dict[str, float]:
    path = index.path(entry)
    original = read_photo(path).pixels
    scores = {}
    for method, pixels in _versions(original, enhancers, index.reference_path(entry)):
        if pixels.shape != original.shape:
            expected, got = (f"{p.shape[1]}×{p.shape[0]} px" for p in (original, pixels))
            # Other crops would be compared.
            raise PhotoError(path, f"{method}: expected {expected} like the photo, got {got}")
        try:
            scores[method] = rater.score(pixels)
        except ValueError as error:
            raise PhotoError(path, str(error)) from error
    return scores


def _versions(
    original: Pixels, enhancers: Mapping[str, Enhance], reference: Path | None
) -> Iterator[tuple[str, Pixels]]:
    """The photo by each method, one at a time."""
    yield ORIGINAL, original
    for name, enhance in enhancers.items():
        yield name, enhance(original)
    if reference:
        yield "target", read_photo(reference).pixels


def _write_rows(path: Path, scores: Scores) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["image", "method", "score"])
        for file, methods in scores.items():
            table.writerows([file, method, f"{score:.6f}"] for method, score in methods.items())
