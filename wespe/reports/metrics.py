"""The few numbers by which runs are compared, with names that people can read."""

from collections.abc import Mapping
from pathlib import Path

from wespe.judging.metrics.registry import METRICS
from wespe.results.evaluations import EvaluationSummary
from wespe.results.methods import ENHANCED
from wespe.results.ratings import RatingSummary
from wespe.results.record import read_record

_DIGITS = 4


def run_metrics(
    evaluations: Mapping[str, Path], ratings: Mapping[str, Path]
) -> dict[str, dict[str, float]]:
    """What the networks of a run achieve, by evaluation or rating and then by metric or score.

    `evaluations`, `ratings`: their summaries by name. Of an evaluation these are the means of the
    enhanced photos by each metric that has a better direction, of a rating their mean score and, as
    `SCORE_change`, the mean difference to the originals. The report has the rest. Raises ValueError
    for a file that is missing or wrong.
    """
    found: dict[str, dict[str, float]] = {}
    for name, path in evaluations.items():
        for metric, mean in read_record(path, EvaluationSummary).means().get(ENHANCED, {}).items():
            known = METRICS.get(metric)
            if known and known.shown.better and mean is not None:
                found.setdefault(name, {})[metric] = round(mean, _DIGITS)
    for name, path in ratings.items():
        for score, mean in read_record(path, RatingSummary).means()[ENHANCED].items():
            if mean is not None:
                found.setdefault(name, {})[score] = round(mean, _DIGITS)
    return found
