"""How a subcommand is declared, and how it finds the settings that it is about."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from wespe.settings.params import Params

Value = TypeVar("Value")

FILES = {
    "index": "the index.json of a source",
    "model": "a trained network, generator.safetensors",
    "rater": "a trained rater, rater.safetensors",
    "source": "the patch set of the source domain, .npy",
    "target": "the patch set of the target domain, .npy",
    "texture": "the patch set of photos of clean texture, .npy",
}
"""What files commands ask for, by the option's name."""


class Commands:
    """The subcommands of a parser."""

    def __init__(self, parser: argparse.ArgumentParser, dest: str = "command") -> None:
        self._parsers = parser.add_subparsers(dest=dest, required=True, metavar=dest.upper())
        self.names: list[str] = []

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], int | None],
        *files: str,
        named: str = "",
        out: str = "",
        params: bool = True,
    ) -> argparse.ArgumentParser:
        """A subcommand that calls `run`, whose first line of docstring explains it.

        `files`: keys of FILES, an option each that must be given. `named`: what NAME names in the
        settings, if it takes one. `out`: what `--out` names, if it makes something. `params`:
        whether it reads settings. Returns its parser, for options of its own.
        """
        self.names.append(name)
        command = self._parsers.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        if named:
            command.add_argument("name", metavar="NAME", help=f"{named} of the settings")
        for file in files:
            command.add_argument(
                f"--{file}", type=Path, required=True, metavar="FILE", help=FILES[file]
            )
        if out:
            command.add_argument("--out", type=Path, required=True, metavar="PATH", help=out)
        if params:
            command.add_argument(
                "--params",
                type=Path,
                metavar="FILE",
                default=Path("params.yaml"),
                help="the settings file (default: %(default)s)",
            )
        return command


def load_settings(arguments: argparse.Namespace) -> "Params":
    """The settings that `--params` names. Raises SettingsError with one line per error."""
    from wespe.settings.params import load

    return load(arguments.params)


def add_partial(command: argparse.ArgumentParser) -> None:
    """The option of commands that show results: to leave out missing ones."""
    command.add_argument(
        "--partial",
        action="store_true",
        help="show finished results, and name the missing ones",
    )


def load_results(arguments: argparse.Namespace) -> "tuple[Params, list[str]]":
    """The settings; with `--partial` without what has no results yet, whose names come second.

    Raises SettingsError, and ValueError if there are no results at all.
    """
    params = load_settings(arguments)
    if not arguments.partial:
        return params, []
    from wespe.pipeline.available import available

    return available(params)


def named(table: Mapping[str, Value], name: str, what: str) -> Value:
    """The entry of a table of the settings. Raises ValueError that lists those there are."""
    if name not in table:
        known = ", ".join(table) or "there are none"
        raise ValueError(f"expected a {what} of the settings ({known}), got {name!r}")
    return table[name]
