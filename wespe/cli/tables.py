"""Tables beside those of the papers."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.cli.parser import Commands, add_partial, load_results

if TYPE_CHECKING:
    from wespe.reports.tables.columns import Column
    from wespe.reports.tables.rows import Entry
    from wespe.results.reading import EvaluationResult
    from wespe.settings.params import Params


def add(commands: Commands) -> None:
    """The command that makes tables."""
    add_partial(commands.add("tables", tables, out="the folder to make"))


def tables(arguments: argparse.Namespace) -> None:
    """Put evaluations into tables beside those of the papers."""
    from wespe.core.files import atomic_folder
    from wespe.reports.tables.build import build
    from wespe.reports.tables.write import write

    params, lacking = load_results(arguments)
    if lacking:
        print(f"not there yet: {', '.join(lacking)}")
    with atomic_folder(arguments.out) as folder:
        for name, settings in params.tables.items():
            data = build(name, settings, _entries(params, name), seed=params.run.seed)
            write(folder, data)
            print(f"{name}: {len(data['rows'])} rows, {len(data['columns'])} columns")
            for check in data["checks"]:
                print(f"{name}: {_in_words(check)}")


def _entries(params: "Params", name: str) -> "list[Entry]":
    """The evaluations of a table, each with what the table calls its photos and its network."""
    from wespe.reports.tables.rows import Entry

    chosen = params.tables[name].evaluations
    networks = {evaluation: _network(params, evaluation) for evaluation in chosen}
    entries = []
    for evaluation, entry in chosen.items():
        settings = params.evaluations[evaluation]
        network = networks[evaluation]
        if sum(other == network for other in networks.values()) > 1:
            network = f"{network} ({settings.pair})"
        result, rated = _measured(params, evaluation, name)
        entries.append(
            Entry(
                result,
                photos=entry.dataset or settings.photos,
                network=network,
                dataset=entry.dataset,
                method=entry.method,
                published=params.recipes[params.pairs[settings.pair].recipe].method == "published",
                notes=entry.notes,
                rated=rated,
            )
        )
    return entries


def _measured(
    params: "Params", evaluation: str, table: str
) -> "tuple[EvaluationResult, list[Column]]":
    """An evaluation with the scores of those ratings of `table` that are of its pair and photos.

    Raises ValueError for two of them in one column, such as those of two raters of the paper's.
    """
    from wespe.reports.tables.ratings import rating_column, with_scores
    from wespe.results.reading import read_evaluation

    results, settings = Path(params.run.results), params.evaluations[evaluation]
    result = read_evaluation(evaluation, results / "evaluations" / evaluation)
    columns = []
    for name in params.tables[table].ratings:
        rating, folder = params.ratings[name], results / "ratings" / name
        if (rating.pair, rating.photos) == (settings.pair, settings.photos):
            columns.append(rating_column(folder))
            if columns[-1].key in {column.key for column in columns[:-1]}:
                raise ValueError(
                    f"tables.{table}.ratings: expected one for the column {columns[-1].label} of "
                    f"{evaluation}, got {name} too"
                )
            result = with_scores(result, folder, columns[-1].key)
    return result, columns


def _network(params: "Params", evaluation: str) -> str:
    """What a table calls the network of an evaluation, by its method."""
    pair = params.pairs[params.evaluations[evaluation].pair]
    method = params.recipes[pair.recipe].method
    return {
        "wespe": f"WESPE [{pair.target}]",
        "dped": "DPED, trained here",
        "published": "DPED, published network",
        "srcnn": "SRCNN",
        "johnson": "Johnson et al.",
    }.get(method, method)


def _in_words(check: Mapping[str, Any]) -> str:
    """A comparison with the paper, e.g. "iPhone, original, png_bpp: 10.9, paper 10.67: agrees"."""
    verdict = {True: "agrees", False: "differs", None: "cannot be told"}[check["agrees"]]
    interval = "" if check["low"] is None else f" [{check['low']:.4g}, {check['high']:.4g}]"
    return (
        f"{check['photos']}, {check['method']}, {check['column']}: {check['value']:.4g}{interval}, "
        f"n = {check['n']}, paper {check['paper']:.4g}: {verdict}"
        + (f". {check['note']}" if check["note"] else "")
    )
