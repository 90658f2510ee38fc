"""DVC versions of a run."""

import argparse

from wespe.cli.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The commands that commit and fetch versions."""
    commands.add("record", record)
    commands.add("sync", sync)


def record(arguments: argparse.Namespace) -> None:
    """Commit the finished run to DVC, and add its hashes to the MLflow runs."""
    from wespe.pipeline import dvc as versions

    versions.record(arguments.params, load_settings(arguments))


def sync(arguments: argparse.Namespace) -> None:
    """Fetch the version in `dvc.lock`, and mark everything as up to date."""
    from wespe.pipeline import dvc as versions

    load_settings(arguments)
    versions.sync(arguments.params)
