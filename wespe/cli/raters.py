"""Raters: fit them, and let them rate."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.cli.parser import Commands, load_settings, named
from wespe.core.stopping import heeded

if TYPE_CHECKING:
    from wespe.results.ratings import MethodScore, RatingSummary
    from wespe.settings.params import Params


def add(commands: Commands) -> None:
    """The commands that train and use raters."""
    commands.add("rater", rater, "index", named="a rater", out="the folder to create")
    commands.add(
        "rate", rate, "index", "rater", "model", named="a rating", out="the folder to create"
    )
    people = commands.add("agree", agree, "index", params=False)
    people.add_argument(
        "judges",
        nargs="+",
        metavar="JUDGE",
        help="a rater's file, or a metric without a reference, such as brisque",
    )


def rater(arguments: argparse.Namespace) -> None:
    """Train a rater on photos, or resume a stopped training."""
    from wespe.core.device import resolve
    from wespe.judging.raters.run import fit_rater, state_key
    from wespe.pipeline import tracking
    from wespe.pipeline.stages import Stages
    from wespe.results.layout import RaterFiles, state

    params = load_settings(arguments)
    settings = named(params.raters, arguments.name, "rater")
    what: dict[str, Any] = {
        "settings": settings,
        "index": arguments.index,
        "seed": params.run.seed,
        "device": resolve(params.run.compute),
    }
    code = Stages(params)("rater", arguments.name).code_hash
    key = state_key(arguments.name, **what, code=code)
    chosen = {"compute": params.run.compute, "seed": params.run.seed}
    with (
        heeded(),
        tracking.training(
            params.run,
            arguments.name,
            chosen | settings.model_dump(),
            state_key=key,
            pipeline=tracking.pipeline_key(params),
            tag=tracking.RATER,
        ) as record,
    ):
        out = arguments.out
        folder = state("raters", key)
        card = fit_rater(arguments.name, **what, out=out, state=folder, log=record.log)
        record.finish_rater(card, out)
    tracking.register(params.run, f"rater-{arguments.name}", RaterFiles(out).rater, card)
    origin = " (simulated)" if card.data.simulated else ""
    print(f"{arguments.name}: {card.label}, from {card.data.photos} photos{origin}")
    for line in card.says:
        print(f"{arguments.name}: {line}")


def rate(arguments: argparse.Namespace) -> None:
    """Score photos, and their results by a network and the baselines, with a rater."""
    from wespe.core.device import resolve
    from wespe.core.files import BusyError
    from wespe.judging.baselines import baselines
    from wespe.judging.raters.base import load_rater
    from wespe.judging.raters.rate import About, about_rater, rating_key
    from wespe.judging.raters.rate import rate as score
    from wespe.networks.checkpoints import load_generator
    from wespe.networks.inference.opening import open_enhancer
    from wespe.pipeline.stages import Stages
    from wespe.results.index import read_index
    from wespe.results.layout import state
    from wespe.results.methods import ENHANCED
    from wespe.results.networks import read_card

    params = load_settings(arguments)
    settings = named(params.ratings, arguments.name, "rating")
    generator, card = load_generator(arguments.model), read_card(arguments.model)
    device = resolve(params.run.compute)
    enhancer = open_enhancer(generator, device=device.torch_device)  # in fp32, as in evaluations
    judge, about_judge = load_rater(arguments.rater, device), about_rater(arguments.rater)
    enhancers = {ENHANCED: enhancer.enhance, **baselines(settings.baselines, card)}
    about = About(
        rating=arguments.name,
        rater=about_judge,
        pair=settings.pair,
        network=card.sha256,
        engine=enhancer.engine,
    )
    code = Stages(params)("rate", arguments.name).code_hash
    key = rating_key(about, index=arguments.index, enhancers=enhancers, device=device, code=code)
    try:
        summary = score(
            read_index(arguments.index),
            judge,
            enhancers=enhancers,
            about=about,
            out=arguments.out,
            state=state("ratings", key),
            scale=enhancer.scale,
        )
    except BusyError as error:
        raise BusyError(f"{arguments.name} is being rated by another process") from error
    _record(params, summary, arguments.out)
    _tell(summary)


def agree(arguments: argparse.Namespace) -> None:
    """Correlate metrics and raters with people's scores of photos."""
    from wespe.judging.agreement import agreements, open_judge
    from wespe.results.index import read_index

    judges = [open_judge(name) for name in arguments.judges]
    for label, found in agreements(read_index(arguments.index), judges).items():
        for part, agreed in (("all", found.all), ("held out", found.held_out)):
            if agreed:
                print(
                    f"{label}: {part} {agreed.n} photos: Spearman {agreed.spearman.text}, "
                    f"Pearson {agreed.pearson.text}"
                )


def _tell(summary: "RatingSummary") -> None:
    """Print a rating: what judged, what was left out, a line a method."""
    name, shown = summary.rating, summary.shown
    simulated = ", learned from simulated data" if summary.rater.simulated else ""
    print(f"{name}: {shown.label}{simulated}, {shown.better} is better")
    for photo in summary.unreadable:
        print(f"{name}: {photo.file} left out: {photo.reason}")
    for method, score in summary.methods.items():
        print(f"{name}: {method}: {_in_words(score, shown.decimals)}")


def _record(params: "Params", summary: "RatingSummary", out: Path) -> None:
    """Put a rating into MLflow, beside the evaluations of the same network."""
    from wespe.pipeline import tracking

    rating, network = params.ratings[summary.rating], summary.network
    same = [
        name
        for name, other in params.ratings.items()
        if (other.pair, other.rater) == (rating.pair, rating.rater)
    ]
    run = tracking.find_run(params.run, network)
    run.rating(summary, out, main=same[0] == summary.rating)
    tracking.annotate(params.run, network, tracking.means(summary))


def _in_words(score: "MethodScore", decimals: int) -> str:
    """A mean score, and its difference from the original with the interval of that."""
    words, change = f"{score.mean:z.{decimals}f}", score.difference
    if change is None:
        return words
    words += f", {change.mean:+z.{decimals}f} against the original"
    if change.low is None or change.high is None:
        return words
    return f"{words} (95 %: {change.low:+z.{decimals}f} to {change.high:+z.{decimals}f})"
