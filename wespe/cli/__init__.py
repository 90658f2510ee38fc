"""The command line: a subcommand for each rule of the workflow, and the tools for people.

Imports `core`, `results`, `data`, `networks`, `training`, `judging`, `reports`, `settings`,
`pipeline`, `apps`.
"""

import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from typing import NoReturn

import wespe
from wespe.cli.extras import missing
from wespe.cli.groups import GROUPS, by_purpose
from wespe.cli.parser import Commands, Parser
from wespe.core.stopping import EXIT_CODE, Terminated
from wespe.core.words import HarmlessStream

# torch's words for it, on the CPU and on a GPU.
_OUT_OF_MEMORY = re.compile(r"can't allocate memory|out of memory", re.IGNORECASE)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand. Exit code 1 for a user's errors, a line each on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name that the terminal cannot show must not end the work, and a log should have
            # each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    with redirect_stdout(HarmlessStream(sys.stdout)), redirect_stderr(HarmlessStream(sys.stderr)):
        _run(argv)


def _run(argv: Sequence[str] | None) -> NoReturn:
    arguments = make_parser().parse_args(argv)
    # What processes that work together are started with.
    arguments.again = partial(main, sys.argv[1:] if argv is None else argv)
    try:
        sys.exit(arguments.run(arguments))
    except BrokenPipeError:
        # Who read our output has gone, as `head` does. Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)  # 128 + SIGPIPE, as shells say it
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        for line in _reason(error).splitlines():
            print(f"wespe {arguments.command}: {line}", file=sys.stderr)
        sys.exit(1)
    except ImportError as error:
        if error.name and error.name.partition(".")[0] == "wespe":
            raise  # a fault of ours
        print(f"wespe {arguments.command}: {missing(error)}", file=sys.stderr)
        sys.exit(1)
    except Terminated as end:
        if str(end):
            print(f"wespe {arguments.command}: {end}", file=sys.stderr)
        sys.exit(EXIT_CODE)
    except KeyboardInterrupt:
        print(f"wespe {arguments.command}: stopped", file=sys.stderr)
        sys.exit(130)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"  # without Python's [Errno 2]
    text = str(error) or type(error).__name__
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(text):
        return (
            f"out of memory: {text}\nSmaller patches.size_px or batch_size need less; on a "
            "cluster, mem_mb in the profile asks for more, and a GPU's memory comes with its kind"
        )
    return text


def make_parser() -> Parser:
    """The parser of all subcommands."""
    parser = Parser("wespe", usage="wespe COMMAND …", description=wespe.__doc__)
    parser.add_argument("--version", action="version", version=wespe.__version__)
    commands = Commands(parser)
    for group in GROUPS:
        group.add(commands)
    parser.epilog = by_purpose(commands.explained)
    return parser
