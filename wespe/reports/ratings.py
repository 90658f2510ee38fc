"""What the page shows of a rating: a table of the scores, and how they are spread."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from wespe.reports import compare
from wespe.reports.charts import Series, histogram
from wespe.reports.inputs import RatingResult
from wespe.reports.own_tables import Table, scores_table


@dataclass(frozen=True)
class RatingView:
    """A rating, ready for the page."""

    result: RatingResult
    table: Table
    chart: Markup
    legend: list[str]


def view_rating(result: RatingResult) -> RatingView:
    """Draw the distribution of the scores by every method."""
    label = result.summary.label
    series = [
        Series(compare.title(method), np.array(scores), np.empty(0))
        for method, scores in result.scores.items()
    ]
    title = f"{label} of the photos of {result.name}: {', '.join(item.name for item in series)}"
    chart = histogram(series, x_label=label, y_label="photos", title=title)
    return RatingView(result, scores_table(result), chart, [item.name for item in series])
