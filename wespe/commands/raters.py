"""Raters: fit them, and let them rate."""

import argparse
from functools import partial
from pathlib import Path

from wespe.commands.parser import Commands, load_settings, named

STATES = Path(".wespe/raters")
"""Where stopped fits leave what they resume from, outside all declared outputs."""


def add(commands: Commands) -> None:
    """The commands that fit and use raters."""
    commands.add("rater", rater, "index", named="a rater", out="the folder to make")
    commands.add(
        "rate", rate, "index", "rater", "model", named="a rating", out="the folder to make"
    )


def rater(arguments: argparse.Namespace) -> None:
    """Let a rater learn from photos, or go on where it was stopped."""
    from wespe.raters.run import fit_rater
    from wespe.training.compute import resolve

    params = load_settings(arguments)
    card = fit_rater(
        arguments.name,
        settings=named(params.raters, arguments.name, "rater"),
        index=arguments.index,
        seed=params.run.seed,
        place=resolve(params.run.compute),
        out=arguments.out,
        states=STATES,
    )
    origin = " (simulated)" if card["data"]["simulated"] else ""
    print(f"{arguments.name}: {card['label']}, from {card['data']['photos']} photos{origin}")
    for line in card.get("says", ()):
        print(f"{arguments.name}: {line}")


def rate(arguments: argparse.Namespace) -> None:
    """Let a rater score photos, and what a network and plain enhancers make of them."""
    from wespe.acquisition.index import read_index
    from wespe.baselines import baselines
    from wespe.catalogue.networks import read_card
    from wespe.files import read_json, sha256
    from wespe.inference.tiled import enhance_pixels
    from wespe.models.checkpoints import load_generator
    from wespe.raters.base import load_rater
    from wespe.raters.rate import rate as score
    from wespe.training.compute import resolve

    params = load_settings(arguments)
    settings = named(params.ratings, arguments.name, "rating")
    generator, card = load_generator(arguments.model), read_card(arguments.model)
    judge = read_json(arguments.rater.with_suffix(".json"))
    enhance = partial(enhance_pixels, generator)
    summary = score(
        read_index(arguments.index),
        load_rater(arguments.rater, resolve(params.run.compute)),
        enhancers={"enhanced": enhance, **baselines(settings.baselines, card)},
        about={
            "rating": arguments.name,
            "rater": {
                "name": settings.rater,
                "kind": judge["kind"],
                "simulated": judge["data"]["simulated"],
                "sha256": sha256(arguments.rater),
            },
            "pair": settings.pair,
            "network": card["sha256"],
        },
        out=arguments.out,
    )
    simulated = ", learned from simulated data" if judge["data"]["simulated"] else ""
    better = "higher" if summary["higher_is_better"] else "lower"
    print(f"{arguments.name}: {summary['label']}{simulated}, {better} is better")
    for method, values in summary["methods"].items():
        print(f"{arguments.name}: {method}: {values['mean']:.4f}{_against(values)}")


def _against(values: dict[str, dict[str, float]]) -> str:
    """The difference to the original with its interval, in words."""
    difference = values.get("difference")
    if difference is None:
        return ""
    told = f", {difference['mean']:+.4f} to the original"
    if difference["low"] is None:
        return told
    return f"{told} (95 %: {difference['low']:+.4f} to {difference['high']:+.4f})"
