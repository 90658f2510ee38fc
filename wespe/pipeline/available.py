"""Which results of a run there are."""

from pathlib import Path
from typing import Any

from wespe.results.layout import Layout
from wespe.settings.params import Params


def available(params: Params) -> tuple[Params, list[str]]:
    """The settings without what has no results yet, and the names of that, such as `pairs.a`.

    Tables keep those of their evaluations and ratings that there are; user studies are not looked
    for. Raises ValueError if there are no results at all.
    """
    layout = Layout(params.run.data, params.run.results)
    pairs = {name: pair for name, pair in params.pairs.items() if layout.pair(name).card.is_file()}
    # What was found of a pair that is being trained anew is that of its last network.
    evaluations = {
        name: evaluation
        for name, evaluation in params.evaluations.items()
        if evaluation.pair in pairs and layout.evaluation(name).summary.is_file()
    }
    ratings = {
        name: rating
        for name, rating in params.ratings.items()
        if rating.pair in pairs and layout.rating(name).summary.is_file()
    }
    there: dict[str, Any] = {"pairs": pairs, "evaluations": evaluations, "ratings": ratings}
    if not any(there.values()):
        raise ValueError(f"{layout.results}: expected results of {', '.join(there)}, found none")
    tables = {
        name: table.model_copy(
            update={
                "evaluations": {
                    key: entry for key, entry in table.evaluations.items() if key in evaluations
                },
                "ratings": tuple(key for key in table.ratings if key in ratings),
            }
        )
        for name, table in params.tables.items()
    }
    there["tables"] = {name: table for name, table in tables.items() if table.evaluations}
    lacking = [
        f"{kind}.{name}"
        for kind, found in there.items()
        for name in getattr(params, kind)
        if name not in found
    ]
    return params.model_copy(update=there), lacking


def present(files: list[Path]) -> tuple[list[Path], list[str]]:
    """Those of `files`, of tables or studies, that there are, and the names of the others."""
    lacking = [f"{file.parent.name}.{file.stem}" for file in files if not file.is_file()]
    return [file for file in files if file.is_file()], lacking
