"""Tables beside those of the papers."""

import argparse
from typing import TYPE_CHECKING

from wespe.cli.parser import Commands, add_partial, load_results

if TYPE_CHECKING:
    from wespe.reports.tables.entries import Trained
    from wespe.settings.params import Params


def add(commands: Commands) -> None:
    """The command that makes tables."""
    add_partial(commands.add("tables", tables, out="the folder to create"))


def tables(arguments: argparse.Namespace) -> None:
    """Make tables of evaluations, with the papers' values beside them."""
    from wespe.core.files import atomic_folder
    from wespe.reports.tables.build import make_table
    from wespe.reports.tables.write import in_words, write
    from wespe.results.layout import Layout

    params, missing = load_results(arguments)
    if missing:
        print(f"still missing: {', '.join(missing)}")
    layout = Layout(params.run.data, params.run.results)
    pairs = {name: _trained(params, name) for name in params.pairs}
    with atomic_folder(arguments.out) as folder:
        for name, settings in params.tables.items():
            table = make_table(name, settings, layout, pairs)
            write(folder, table)
            print(f"{name}: {len(table.rows)} rows, {len(table.columns)} columns")
            for check in table.checks:
                print(f"{name}: {in_words(check)}")


def _trained(params: "Params", name: str) -> "Trained":
    from wespe.reports.tables.entries import Trained

    pair, recipe = params.pairs[name], params.recipe_of(name)
    if recipe is None:
        return Trained(name, published=pair.published)
    begun = params.recipe_of(pair.start) if pair.start and recipe.continues else None
    return Trained(recipe.method, pair.target, begun=begun.method if begun else None)
