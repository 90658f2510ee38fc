"""What the page shows of a rating: a table of the scores, and how they are spread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from wespe.reports import compare
from wespe.reports.page.charts import Series, histogram
from wespe.reports.page.means import scores_table
from wespe.results.methods import ORIGINAL
from wespe.results.reading import RatingResult
from wespe.results.tables import Table


@dataclass(frozen=True)
class RatingView:
    """A rating, ready for the page; `charts` are the spread of the scores by each method."""

    result: RatingResult
    table: Table
    charts: Sequence[tuple[str, Markup]]


def view_rating(result: RatingResult) -> RatingView:
    """Draw the distribution of the scores by every method, each over that of the originals."""
    label = result.summary.shown.label
    series = {
        method: Series(
            compare.title(method),
            np.array([photo[method] for photo in result.scores.values() if method in photo]),
            np.empty(0),
        )
        for method in result.summary.methods
    }
    charts = []
    for method, item in series.items():
        others = [series[ORIGINAL]] if method != ORIGINAL and ORIGINAL in series else []
        chart = histogram(
            [item, *others],
            x_label=label,
            y_label="photos",
            title=f"{label} of the photos of {result.name}: {item.name}",
            among=list(series.values()),
        )
        charts.append((item.name, chart))
    return RatingView(result, scores_table(result), charts)
