"""What raters say, as columns of a table: scores put beside the metrics of an evaluation."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wespe.core.files import read_json
from wespe.reports.tables.columns import Column, rater_column
from wespe.results.reading import EvaluationResult


def rating_column(folder: Path) -> Column:
    """The column of a rating's folder. Raises ValueError, naming its summary, for another file."""
    summary: Mapping[str, Any] = read_json(folder / "summary.json")
    try:
        return rater_column(summary)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / 'summary.json'}: expected a rating's summary") from error


def with_scores(result: EvaluationResult, folder: Path, key: str) -> EvaluationResult:
    """`result` with the scores of a rating of its photos as the metric `key`.

    What the rating has no score of, as a photo too small for the rater, stays without one.
    """
    path = folder / "scores.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            scores = {
                (row["image"], row["method"]): float(row["score"]) for row in csv.DictReader(stream)
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: expected image, method and score in every row") from error
    images = [
        replace(row, values={**row.values, key: scores.get((row.image, row.method))})
        for row in result.images
    ]
    return replace(result, images=images)
