"""How far metrics and raters agree with people on the photos of a source."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wespe.core.device import resolve
from wespe.core.progress import Progress
from wespe.core.words import nearest
from wespe.judging.metrics.registry import METRICS
from wespe.judging.raters.base import load_rater
from wespe.photos.images import Pixels, read_photo
from wespe.results.agreement import WithPeople, with_people
from wespe.results.index import PhotoIndex
from wespe.results.score import Score


@dataclass(frozen=True)
class Judge:
    """What gives a photo, uint8 `(H, W, 3)`, a number by itself; NaN where it has none."""

    shown: Score
    score: Callable[[Pixels], float]


def open_judge(name: str) -> Judge:
    """A metric by its name, or a rater by its file.

    Raises ValueError for a metric that needs a reference, for what is neither metric nor file, and
    for a file that is no rater.
    """
    if name in METRICS:
        if METRICS[name].needs_reference:
            raise ValueError(f"{name} needs a reference; expected a metric without one")
        return Judge(METRICS[name].shown, METRICS[name])
    if not Path(name).exists() and (hint := nearest(name, METRICS)):
        raise ValueError(f"no such metric or rater: {name}; {hint}")
    rater = load_rater(Path(name), resolve("auto"))
    return Judge(rater.shown, rater.score)


def agreements(index: PhotoIndex, judges: Sequence[Judge]) -> dict[str, WithPeople]:
    """The agreement of each judge with people, by the heading of its score.

    Raises ValueError that names the source if people scored fewer than three of its photos, and
    PhotoError for a photo that cannot be read.
    """
    scored = [entry for entry in index.photos if entry.mos is not None]
    scores: list[dict[str, float]] = [{} for _ in judges]
    with Progress(f"agreement on {index.source}", total=len(scored)) as bar:
        for entry in scored:
            pixels = read_photo(index.path(entry)).pixels
            for judge, found in zip(judges, scores, strict=True):
                value = judge.score(pixels)
                if not math.isnan(value):
                    found[entry.file] = value
            bar.advance()
    agreed = {
        judge.shown.label: with_people(found, index, lower=judge.shown.better == "lower")
        for judge, found in zip(judges, scores, strict=True)
    }
    if lacking := [label for label, found in agreed.items() if found is None]:
        raise ValueError(
            f"source {index.source}: expected at least 3 photos with people's scores and one by "
            f"{lacking[0]}, got {len(scored)} with people's"
        )
    return {label: found for label, found in agreed.items() if found}
