"""The photos of an evaluation that gained least and most."""

from collections.abc import Sequence

from wespe.judging.metrics.registry import METRICS
from wespe.results.evaluations import Extremes, ImageRow, by_photo
from wespe.results.methods import ENHANCED, ORIGINAL

_EXTREMES = 2


def extremes_of(images: Sequence[ImageRow], metrics: Sequence[str]) -> Extremes:
    """The photos that gained least and most by being enhanced, at most two each.

    Gains are those of the first of `metrics` with a direction that the photos have; that of a photo
    with crops is the mean of theirs.
    """
    for name in metrics:
        sign = {"higher": 1, "lower": -1}.get(METRICS[name].shown.better or "", 0)
        gains = {
            file: sign * (values[ENHANCED] - values[ORIGINAL])
            for file, values in by_photo(images, name).items()
            if sign and {ORIGINAL, ENHANCED} <= values.keys()
        }
        order = sorted(gains, key=gains.__getitem__)
        if len(order) > 1:
            most = min(_EXTREMES, len(order) // 2)
            return Extremes(
                metric=name, worst=tuple(order[:most]), best=tuple(order[: -most - 1 : -1])
            )
    return Extremes()
