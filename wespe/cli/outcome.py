"""What a run has made, at its end and whenever somebody asks."""

import argparse

from wespe.cli.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The command that says where a run's results are."""
    commands.add("results", results)


def results(arguments: argparse.Namespace) -> int:
    """Say where a run's page and networks are, and how to compare them in MLflow."""
    from wespe.pipeline.outcome import outcome

    lines = outcome(load_settings(arguments))
    print("\n".join(lines) or f"{arguments.params}: nothing is made yet; `snakemake` makes it")
    return 0 if lines else 1
