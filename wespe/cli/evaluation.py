"""What networks achieve: figures and the report."""

import argparse
from pathlib import Path

from wespe.cli.parser import Commands, add_partial, load_results, load_settings, named


def add(commands: Commands) -> None:
    """The commands that measure and report."""
    commands.add(
        "evaluate", evaluate, "index", "model", named="an evaluation", out="the folder to create"
    )
    commands.add("metrics", metrics, out="the JSON file to write")
    page = commands.add("report", report, out="the page to write")
    add_partial(page)
    page.add_argument(
        "--study",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="results of further user studies, .json files of `wespe study report`",
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate a network and the baselines on test photos."""
    from wespe.core.device import resolve
    from wespe.judging.baselines import baselines
    from wespe.judging.evaluation import evaluate as measure
    from wespe.judging.metrics.registry import needs_weights
    from wespe.networks.checkpoints import load_generator
    from wespe.networks.inference.opening import open_enhancer
    from wespe.pipeline import tracking
    from wespe.results.index import read_index
    from wespe.results.networks import read_card

    params = load_settings(arguments)
    settings = named(params.evaluations, arguments.name, "evaluation")
    weights = Path(params.run.vgg_weights) if params.run.vgg_weights else None
    if needs_weights(settings.metrics):
        from wespe.judging.metrics.vgg_distance import load_network

        load_network(weights)  # Refused or downloaded here, once, and not by each process.
    generator, card = load_generator(arguments.model), read_card(arguments.model)
    # In fp32, so that figures are those of any machine.
    enhancer = open_enhancer(generator, device=resolve(params.run.compute).torch_device)
    summary = measure(
        read_index(arguments.index),
        enhancer.enhance,
        evaluation=arguments.name,
        pair=settings.pair,
        network=card.sha256,
        engine=enhancer.engine,
        baselines=baselines(settings.baselines, card),
        metrics=settings.metrics,
        out=arguments.out,
        pictures=settings.pictures,
        scale=enhancer.scale,
        weights=weights,
    )
    run = tracking.find_run(params.run, card.sha256)
    of_pair = [name for name, other in params.evaluations.items() if other.pair == settings.pair]
    run.evaluation(summary, arguments.out, main=of_pair[0] == arguments.name)
    tracking.annotate(params.run, card.sha256, tracking.means(summary))
    for photo in summary.unreadable:
        print(f"{arguments.name}: {photo.file} left out: {photo.reason}")
    for method, metrics in summary.means().items():
        means = (f"{name} {mean:.4g}" for name, mean in metrics.items() if mean is not None)
        print(f"{arguments.name}: {method}: {', '.join(means)}")


def metrics(arguments: argparse.Namespace) -> None:
    """Collect the metrics of a run's networks, for `dvc metrics` and `dvc exp show`."""
    from wespe.core.files import write_json
    from wespe.reports.metrics import run_metrics
    from wespe.results.layout import Layout

    params = load_settings(arguments)
    layout = Layout(params.run.data, params.run.results)
    found = run_metrics(
        {name: layout.evaluation(name).summary for name in params.evaluations},
        {name: layout.rating(name).summary for name in params.ratings},
    )
    write_json(arguments.out, found)
    for name, values in found.items():
        print(f"{name}: {', '.join(f'{key} {value:.4g}' for key, value in values.items())}")


def report(arguments: argparse.Namespace) -> None:
    """Show all results of a run on one page."""
    from wespe.pipeline import tracking
    from wespe.pipeline.available import present
    from wespe.reports.page.write import write_report
    from wespe.results.cards import NetworkCard
    from wespe.results.layout import Layout
    from wespe.results.networks import read_card, read_rater_card
    from wespe.results.rater_card import RaterCard

    params, missing = load_results(arguments)
    layout = Layout(params.run.data, params.run.results)
    pairs = {name: layout.pair(name).folder for name in params.pairs}
    tables = [layout.table(name).record for name in params.tables]
    studies = [layout.study(name).figures for name in params.studies]
    if arguments.partial:
        tables, no_tables = present(tables)
        studies, no_studies = present(studies)
        missing += no_tables + no_studies
    write_report(
        arguments.out,
        run_name=params.run.name,
        pairs=pairs,
        evaluations={name: layout.evaluation(name).folder for name in params.evaluations},
        ratings={name: layout.rating(name).folder for name in params.ratings},
        tables=tables,
        settings_text=arguments.params.read_text("utf-8"),
        studies=[*studies, *arguments.study],
        lacking=missing,
    )
    print(f"report: {arguments.out}")
    if missing:  # a page on the way, which no run of MLflow is to keep
        print(f"still missing: {', '.join(missing)}")
        return
    cards: list[NetworkCard | RaterCard] = []
    cards += [read_card(layout.pair(name).network) for name in params.pairs]
    # A rater that no rating names may come later.
    fitted = (layout.rater(name).rater for name in params.raters)
    cards += [read_rater_card(rater) for rater in fitted if rater.exists()]
    tracking.record_report(
        params,
        files=[arguments.out, arguments.params],
        tables=layout.tables,
        checkpoints=[card.sha256 for card in cards],
    )
