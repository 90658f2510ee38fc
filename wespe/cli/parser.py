"""How a subcommand is declared, and how it finds the settings that it is about."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from wespe.cli.examples import EXAMPLES
from wespe.core.words import nearest

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
    "start": "the trained network to begin with, generator.safetensors",
}
"""What files commands ask for, by the option's name."""


_TYPES = {"int": "a whole number", "float": "a number"}


class Parser(argparse.ArgumentParser):
    """A parser that refuses in a reader's words, with the nearest one to a misspelt one."""

    def __init__(self, prog: str | None = None, **options: Any) -> None:
        super().__init__(prog, **options)
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        self._given: Sequence[str] = ()

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse's. What a subcommand does not know is refused here, with its own usage."""
        self._given = args or ()
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """End with the usage and the message, shortened to the nearest word where there is one."""
        if typed := re.search(r"(.*)invalid (int|float) value: (.*)", message):
            message = f"{typed[1]}expected {_TYPES[typed[2]]}, got {typed[3]}"
        if message == "the following arguments are required: COMMAND":
            message = f"expected a command; `{self.prog} --help` lists them"
        wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if wrong:
            choices = re.findall(r"[^\s,']+", wrong[2])
            if hint := nearest(wrong[1], choices):
                message = message.partition(" (choose")[0] + f"; {hint}"
        else:
            known = re.findall(r"--[\w-]+", self.format_usage())
            names = [word.partition("=")[0] for word in self._given if word.startswith("--")]
            # An option may be given by its first letters.
            strange = [
                name for name in names if not any(option.startswith(name) for option in known)
            ]
            hints = (nearest(name, known) for name in strange)
            message += "".join(f"; {hint}" for hint in hints if hint)
        super().error(message)


class Commands:
    """The subcommands of a parser; `within`: the command that they belong to."""

    def __init__(
        self, parser: argparse.ArgumentParser, dest: str = "command", *, within: str = ""
    ) -> None:
        self._parsers = parser.add_subparsers(
            dest=dest,
            required=True,
            metavar=dest.upper(),
            prog=parser.prog,
            help=None if within else argparse.SUPPRESS,
        )
        self._within = within
        self.explained: dict[str, str] = {}
        """What each command does, by its name."""

    @property
    def names(self) -> list[str]:
        """The commands' names, in the order in which they were added."""
        return list(self.explained)

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
        self.explained[name] = explained = (run.__doc__ or "").partition("\n")[0]
        examples = EXAMPLES.get(f"{self._within} {name}".strip(), ())
        epilog = "\n  ".join(["examples:", *examples]) if examples else None
        # The commands of `wespe` itself are listed by what they are for, see `groups`.
        listed: dict[str, Any] = {"help": explained} if self._within else {}
        command = self._parsers.add_parser(name, description=explained, epilog=epilog, **listed)
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
        hint = nearest(name, table)
        hint = f"; {hint}" if hint else ""
        raise ValueError(f"expected a {what} of the settings ({known}), got {name!r}{hint}")
    return table[name]
