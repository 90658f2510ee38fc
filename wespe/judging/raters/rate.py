"""What a rater says of photos and of their enhancements, photo by photo."""

import csv
import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import wespe
from wespe.core.device import Device
from wespe.core.files import atomic_folder, read_json, sha256, write_json
from wespe.core.progress import Progress
from wespe.judging.baselines import Enhance
from wespe.judging.raters.base import Rater
from wespe.judging.raters.journal import Found, journal
from wespe.judging.raters.run import data_hash
from wespe.photos.images import PhotoError, Pixels, read_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.methods import ORIGINAL, TARGET
from wespe.results.statistics import interval

_DECIMALS = 6
Scores = dict[str, dict[str, float]]
"""By photo and method."""


def rate(
    index: PhotoIndex,
    rater: Rater,
    *,
    enhancers: Mapping[str, Enhance],
    about: Mapping[str, Any],
    out: Path,
    state: Path,
) -> dict[str, Any]:
    """Score the photos of `index` and each of their enhancements; return the summary.

    Writes `scores.csv`, a row a photo and method, `summary.json`, and in `metrics` a file of means
    for each method, into the folder `out`, which appears when all is done. `enhancers`, by method:
    uint8 `(H, W, 3)` → the same size. A photo's reference, where it has one, is scored as the
    method `target`. `about`: entries of the summary that say what was rated by what; `rater` as of
    `about_rater`. `state`: a folder, of this rating alone, that keeps the photos that are done
    until all are. Photos that cannot be read or are too small for the rater are listed under
    `unreadable`. Raises ValueError if that is all of them, and BlockingIOError where another
    process works in `state`.
    """
    if not index.photos:
        raise ValueError(f"source {index.source}: expected photos to rate, it has none")
    with journal(state) as kept:
        with Progress(f"rate {index.source}", total=len(index.photos)) as bar:
            for entry in index.photos:
                if entry.file not in kept.done:
                    kept.add(_found(index, entry, rater, enhancers))
                bar.advance()
        found = [kept.done[entry.file] for entry in index.photos]
        scores = {photo.file: photo.scores for photo in found if photo.scores}
        lacking = [Skipped(photo.file, photo.reason) for photo in found if not photo.scores]
        if not scores:
            raise ValueError(
                f"{index.source}: none of its {len(index.photos)} photos can be rated: "
                f"{lacking[0].file}: {lacking[0].reason}"
            )
        summary = {
            **about,
            "shown": asdict(rater.shown),
            "metric": metric_name(rater.shown.label, about["rater"]),
            "photos": index.source,
            "origin": index.origin,
            "simulated": index.simulated,
            "n_images": len(scores),
            "unreadable": [asdict(photo) for photo in lacking],
            "methods": statistics_of(scores),
            "seconds": round(sum(photo.seconds for photo in found), 3),
        }
        _write(out, scores, summary)
    return summary


def _write(out: Path, scores: Scores, summary: Mapping[str, Any]) -> None:
    with atomic_folder(out) as folder:
        _write_rows(folder / "scores.csv", scores)
        write_json(folder / "summary.json", summary)
        for method, score in summary["methods"].items():
            means = {summary["metric"]: score["mean"]}
            if "difference" in score:
                means[f"{summary['metric']}_change"] = score["difference"]["mean"]
            write_json(folder / "metrics" / f"{method}.json", means)


def about_rater(path: Path) -> dict[str, Any]:
    """What a rating says of the rater in the file `path`, from the card beside it.

    Raises ValueError, naming the card, where that is none, or the card of another rater.
    """
    card_path = path.with_suffix(".json")
    card, found = read_json(card_path), sha256(path)
    try:
        about = {
            "name": card["rater"],
            "kind": card["kind"],
            "simulated": card["data"]["simulated"],
            "sha256": card["sha256"],
            "says": card.get("says", []),
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"{card_path}: expected the card of {path.name}") from error
    if about["sha256"] != found:
        raise ValueError(
            f"{card_path}: expected the card of a rater {found}, got that of {about['sha256']}"
        )
    return about


def metric_name(label: str, rater: Mapping[str, Any]) -> str:
    """What a rater's score is called among metrics, such as `cornia_refit`.

    It says what the label says, whether viewers are simulated among that; a rater that is not
    called by its kind has its name before it, since several of a kind may judge the same photos.
    """
    told = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return told if rater["name"] == rater["kind"] else f"{rater['name']}_{told}"


def rating_key(
    about: Mapping[str, Any], *, index: Path, enhancers: Iterable[str], device: Device
) -> str:
    """A hash of everything that a rating depends on; its state belongs to no other."""
    parts = {
        **about,
        "data": data_hash(index.parent),
        "enhancers": list(enhancers),
        "device": device.name,
        "code": wespe.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


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
    low, high = interval(values) or (None, None)
    return {
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "n": len(values),
        "low": low,
        "high": high,
    }


def _found(
    index: PhotoIndex, entry: PhotoEntry, rater: Rater, enhancers: Mapping[str, Enhance]
) -> Found:
    started = time.perf_counter()
    try:
        scores, reason = _scores(index, entry, rater, enhancers), ""
    except PhotoError as error:
        of_the_photo = error.path == index.path(entry)
        scores, reason = {}, error.reason if of_the_photo else str(error)
    return Found(entry.file, time.perf_counter() - started, scores, reason)


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
            # As scores.csv has it, so that whoever reads that gets the same means.
            scores[method] = round(rater.score(pixels), _DECIMALS)
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
        yield TARGET, read_photo(reference).pixels


def _write_rows(path: Path, scores: Scores) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["image", "method", "score"])
        for file, methods in scores.items():
            table.writerows(
                [file, method, f"{score:.{_DECIMALS}f}"] for method, score in methods.items()
            )
