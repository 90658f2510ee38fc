"""The scores of photos and of their enhancements by a rater, photo by photo."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wespe.core.device import Device
from wespe.core.files import atomic_folder
from wespe.core.key import key_of
from wespe.core.progress import Progress
from wespe.judging.raters.base import Rater
from wespe.judging.raters.journal import Found, rated_photos
from wespe.judging.raters.run import data_hash
from wespe.judging.versions import (
    read_entry,
    read_smaller,
    refuse_references,
    size_px,
    versions,
)
from wespe.photos.images import Enhance, PhotoError
from wespe.results.agreement import with_people
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.layout import RatingFiles
from wespe.results.means import DECIMALS, mean_of
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.networks import read_rater_card
from wespe.results.ratings import (
    MethodScore,
    RatedBy,
    RatingSummary,
    ScoreRow,
    write_scores,
)
from wespe.results.record import write_record


@dataclass(frozen=True)
class About:
    """What is rated, and by what; fields as in `RatingSummary`."""

    rating: str
    rater: RatedBy
    pair: str
    network: str
    engine: str


def rate(
    index: PhotoIndex,
    rater: Rater,
    *,
    enhancers: Mapping[str, Enhance],
    about: About,
    out: Path,
    state: Path,
    scale: int = 1,
) -> RatingSummary:
    """Score the photos of `index` and each of their enhancements; return the summary.

    Writes the files of `RatingFiles` into the folder `out`, which appears when all is done.
    `enhancers`, by method: uint8 `(H, W, 3)` → the same size. A photo's reference, if it has one,
    is scored as the method `target`. `state`: a folder for this rating only, which holds the
    results of finished photos until all are finished. Photos that cannot be read or are too small
    for the rater are listed under `unreadable`. `scale`: how many times larger the enhancement
    `enhanced` makes photos; above 1 photos are made smaller first, as in an evaluation, so that all
    that is rated has the photo's size. Raises ValueError if none can be rated, or if they have
    references where they are made smaller, and BusyError if another process works in `state`.
    """
    if scale != 1:
        refuse_references(index, scale)
    if not index.photos:
        raise ValueError(f"source {index.source}: expected photos to rate, got none")
    with rated_photos(state) as kept:
        with Progress(f"rate {index.source}", total=len(index.photos)) as bar:
            for entry in index.photos:
                if entry.file not in kept.done:
                    kept.add(_found(index, entry, rater, enhancers, scale))
                bar.advance()
        found = [kept.done[entry.file] for entry in index.photos]
        unrated = tuple(Skipped(photo.file, photo.reason) for photo in found if not photo.scores)
        if len(unrated) == len(found):
            raise ValueError(
                f"{index.source}: none of its photos ({len(index.photos)}) can be rated: "
                f"{unrated[0].file}: {unrated[0].reason}"
            )
        summary = RatingSummary(
            **vars(about),
            shown=rater.shown,
            metric=metric_name(rater.shown.label, about.rater),
            photos=index.source,
            origin=index.origin,
            simulated=index.simulated,
            scale=scale,
            n_images=len(found) - len(unrated),
            unreadable=unrated,
            methods=statistics_of([photo.scores for photo in found]),
            people=with_people(
                # People saw the photos as they are.
                {
                    photo.file: photo.scores[ORIGINAL if scale == 1 else TARGET]
                    for photo in found
                    if photo.scores
                },
                index,
                lower=rater.shown.better == "lower",
            ),
            seconds=round(sum(photo.seconds for photo in found), 3),
        )
        with atomic_folder(out) as folder:
            files = RatingFiles(folder)
            rows = (ScoreRow(p.file, *score) for p in found for score in p.scores.items())
            write_scores(files.scores, rows)
            write_record(files.summary, summary)
    return summary


def about_rater(path: Path) -> RatedBy:
    """What a rating records about the rater in the file `path`, from the card beside it.

    Raises ValueError that names the card if it is missing or belongs to another rater.
    """
    card = read_rater_card(path)
    return RatedBy(
        name=card.rater,
        kind=card.kind,
        simulated=card.data.simulated,
        sha256=card.sha256,
        says=card.says,
    )


def metric_name(label: str, rater: RatedBy) -> str:
    """What a rater's score is called among metrics, such as `cornia_refit`.

    It is formed from the label, which states whether viewers are simulated. The rater's name comes
    first if it differs from its kind's, since several of a kind may judge the same photos.
    """
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return name if rater.name == rater.kind else f"{rater.name}_{name}"


def rating_key(
    about: About, *, index: Path, enhancers: Iterable[str], device: Device, code: str
) -> str:
    """A hash of everything that a rating depends on; its state belongs to no other.

    `code`: the hash of the stage's code, so that changed code starts anew.
    """
    return key_of(
        **asdict(about),
        data=data_hash(index.parent),
        enhancers=list(enhancers),
        device=device.name,
        code=code,
    )


def statistics_of(photos: Sequence[Mapping[str, float]]) -> dict[str, MethodScore]:
    """Each method's scores over `photos`, each a mapping from methods to scores, and the difference
    to the original, photo by photo."""
    found = {}
    for method in dict.fromkeys(method for photo in photos for method in photo):
        having = [photo for photo in photos if method in photo]
        difference = None
        if method != ORIGINAL:
            difference = mean_of([photo[method] - photo[ORIGINAL] for photo in having])
        scores = mean_of([photo[method] for photo in having])
        found[method] = MethodScore(**vars(scores), difference=difference)
    return found


def _found(
    index: PhotoIndex,
    entry: PhotoEntry,
    rater: Rater,
    enhancers: Mapping[str, Enhance],
    scale: int,
) -> Found:
    started = time.perf_counter()
    try:
        scores, reason = _scores(index, entry, rater, enhancers, scale), ""
    except PhotoError as error:
        of_the_photo = error.path == index.path(entry)
        scores, reason = {}, error.reason if of_the_photo else str(error)
    return Found(entry.file, time.perf_counter() - started, scores, reason)


def _scores(
    index: PhotoIndex,
    entry: PhotoEntry,
    rater: Rater,
    enhancers: Mapping[str, Enhance],
    scale: int,
) -> dict[str, float]:
    path = index.path(entry)
    if scale == 1:
        original, reference = read_entry(index, entry)
    else:
        small, original, part = read_smaller(index, entry, scale)
        reference, enlarge = part.reference, enhancers[ENHANCED]
        enhancers = {**enhancers, ENHANCED: lambda _: enlarge(small)}
    scores = {}
    for method, pixels in versions(original, enhancers, reference):
        if pixels.shape != original.shape:  # other crops would be compared
            expected, got = size_px(original), size_px(pixels)
            raise PhotoError(path, f"{method}: expected {expected} like the photo, got {got}")
        try:
            scores[method] = round(rater.score(pixels), DECIMALS)
        except ValueError as error:
            raise PhotoError(path, str(error)) from error
    return scores
