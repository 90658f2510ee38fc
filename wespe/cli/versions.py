"""DVC versions of a run."""

import argparse

from wespe.cli.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The commands that keep and fetch versions."""
    commands.add("record", record)
    commands.add("sync", sync)


def record(arguments: argparse.Namespace) -> None:
    """Keep the finished run as a version in DVC, and note it in its MLflow runs."""
    from wespe.pipeline import dvc as versions

    versions.record(arguments.params, load_settings(arguments))


def sync(arguments: argparse.Namespace) -> None:
    """Fetch the version that `dvc.lock` names, so that nothing is left to run."""
    from wespe.pipeline import dvc as versions

    load_settings(arguments)
    versions.sync(arguments.params)
