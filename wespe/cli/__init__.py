"""The command line: a subcommand for each rule of the workflow, and the tools for people.

Imports `core`, `results`, `data`, `networks`, `training`, `judging`, `reports`, `settings`,
`pipeline`, `apps`.
"""

import io
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import wespe
from wespe.cli.extras import missing
from wespe.cli.groups import GROUPS, by_purpose
from wespe.cli.parser import Commands, Parser


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand. Exit code 1 for a user's errors, a line each on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name that the terminal cannot show must not end the work, and a log should have
            # each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    arguments = make_parser().parse_args(argv)
    # What processes that work together are started with.
    arguments.again = partial(main, sys.argv[1:] if argv is None else argv)
    try:
        sys.exit(arguments.run(arguments))
    except (ValueError, OSError, RuntimeError) as error:
        for line in _reason(error).splitlines():
            print(f"wespe {arguments.command}: {line}", file=sys.stderr)
        sys.exit(1)
    except ImportError as error:
        if error.name and error.name.partition(".")[0] == "wespe":
            raise  # a fault of ours
        print(f"wespe {arguments.command}: {missing(error)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"wespe {arguments.command}: stopped", file=sys.stderr)
        sys.exit(130)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"  # without Python's [Errno 2]
    return str(error) or type(error).__name__


def make_parser() -> Parser:
    """The parser of all subcommands."""
    parser = Parser("wespe", usage="wespe COMMAND …", description=wespe.__doc__)
    parser.add_argument("--version", action="version", version=wespe.__version__)
    commands = Commands(parser)
    for group in GROUPS:
        group.add(commands)
    parser.epilog = by_purpose(commands.explained)
    return parser
