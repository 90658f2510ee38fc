"""DVC: its stages, and versions of a run."""

import argparse

from wespe.cli.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The commands that commit and fetch versions."""
    commands.add("dvc", dvc).add_argument(
        "--check",
        action="store_true",
        help="fail if dvc.yaml does not match the settings; write nothing",
    )
    commands.add("record", record)
    commands.add("sync", sync)


def dvc(arguments: argparse.Namespace) -> None:
    """Write dvc.yaml, DVC's description of the stages, from the settings."""
    from wespe.pipeline.dvc_stages import refuse_stale, write_code, write_dvc_yaml
    from wespe.pipeline.versions import only_default

    only_default(arguments.params)
    params = load_settings(arguments)
    if arguments.check:
        refuse_stale(params)
        write_code(params)
    else:
        differing = write_dvc_yaml(params)
        print(f"dvc.yaml: {', '.join(differing) or 'nothing'} changed")


def record(arguments: argparse.Namespace) -> None:
    """Commit the finished run to DVC, and add its hashes to the MLflow runs."""
    from wespe.pipeline import versions

    for line in versions.record(arguments.params, load_settings(arguments)):
        print(line)


def sync(arguments: argparse.Namespace) -> None:
    """Fetch the version in `dvc.lock`, and mark everything as up to date."""
    from wespe.pipeline import versions

    versions.sync(arguments.params, load_settings(arguments))
