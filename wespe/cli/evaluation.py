"""What networks achieve: figures and the report."""

import argparse
from pathlib import Path

from wespe.cli.parser import Commands, add_partial, load_results, load_settings, named


def add(commands: Commands) -> None:
    """The commands that measure and report."""
    commands.add(
        "evaluate", evaluate, "index", "model", named="an evaluation", out="the folder to create"
    )
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
    """Evaluate a network, and plain enhancers to compare with, on test photos."""
    from wespe.core.device import resolve
    from wespe.judging.baselines import baselines
    from wespe.judging.evaluation import evaluate as measure
    from wespe.networks.checkpoints import load_generator
    from wespe.networks.inference.opening import open_enhancer
    from wespe.pipeline import tracking
    from wespe.results.index import read_index
    from wespe.results.networks import read_card

    params = load_settings(arguments)
    settings = named(params.evaluations, arguments.name, "evaluation")
    generator, card = load_generator(arguments.model), read_card(arguments.model)
    # In fp32, so that figures are those of any machine.
    enhancer = open_enhancer(generator, device=resolve(params.run.compute).torch_device)
    summary = measure(
        read_index(arguments.index),
        enhancer.enhance,
        evaluation=arguments.name,
        pair=settings.pair,
        network=card["sha256"],
        engine=enhancer.engine,
        baselines=baselines(settings.baselines, card),
        metrics=settings.metrics,
        out=arguments.out,
        pictures=settings.pictures,
    )
    run = tracking.find_run(params.run, card["sha256"])
    of_pair = [name for name, other in params.evaluations.items() if other.pair == settings.pair]
    run.evaluation(summary, arguments.out, main=of_pair[0] == arguments.name)
    tracking.annotate(params.run, card["sha256"], tracking.means(summary))
    for photo in summary["unreadable"]:
        print(f"{arguments.name}: {photo['file']} left out: {photo['reason']}")
    for method, metrics in summary["methods"].items():
        means = (f"{name} {value['mean']:.4g}" for name, value in metrics.items() if value["n"])
        print(f"{arguments.name}: {method}: {', '.join(means)}")


def report(arguments: argparse.Namespace) -> None:
    """Show all results of a run on one page."""
    from wespe.pipeline import tracking
    from wespe.reports.page.write import write_report
    from wespe.results.networks import read_card

    params, lacking = load_results(arguments)
    results = Path(params.run.results)
    pairs = {name: results / "pairs" / name for name in params.pairs}
    tables = [results / "tables" / f"{name}.json" for name in params.tables]
    studies = [results / "studies" / f"{name}.json" for name in params.studies]
    if arguments.partial:
        files = [*tables, *studies]
        lacking += [f"{file.parent.name}.{file.stem}" for file in files if not file.is_file()]
        tables, studies = ([file for file in kind if file.is_file()] for kind in (tables, studies))
    write_report(
        arguments.out,
        run_name=params.run.name,
        pairs=pairs,
        evaluations={name: results / "evaluations" / name for name in params.evaluations},
        ratings={name: results / "ratings" / name for name in params.ratings},
        tables=tables,
        settings_text=arguments.params.read_text("utf-8"),
        studies=[*studies, *arguments.study],
        lacking=lacking,
    )
    print(f"report: {arguments.out}")
    if lacking:  # a page on the way, which no run of MLflow is to keep
        print(f"not there yet: {', '.join(lacking)}")
        return
    # A rater that no rating names may come later.
    trained = [pair / "generator.safetensors" for pair in pairs.values()]
    trained += [results / "raters" / name / "rater.safetensors" for name in params.raters]
    tracking.record_report(
        params,
        files=[arguments.out, arguments.params],
        tables=results / "tables",
        checkpoints=[read_card(network)["sha256"] for network in trained if network.exists()],
    )
