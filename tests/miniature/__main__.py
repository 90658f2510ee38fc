"""The miniature as a command: `python -m tests.miniature OUT` makes, serves and runs it.

OUT/hosts has the archives, OUT/project a project of its own, with the results. Called again, it
goes on where it was stopped.
"""

import argparse
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tests.flickr_emulator import Emulator, make_catalogue
from tests.miniature import hosts
from tests.miniature.archives import Counts
from tests.miniature.project import environment, prepare

_CATALOGUE = 900  # photos of the emulator, of which some 300 are as the crawl wants them


def run(out: Path, commands: list[list[str]], *, port: int, counts: Counts | None = None) -> int:
    """Prepare, serve, and run commands in the project, one after the other.

    Archives are served at `port`, Flickr at the port before it. Returns the exit status of the
    first command that fails, else 0.
    """
    address = "http://127.0.0.1:{}".format
    project = prepare(out, hosts=address(port), flickr=address(port - 1), counts=counts or Counts())
    with ExitStack() as stack:
        stack.enter_context(hosts.serving(out / "hosts", port))
        stack.enter_context(Emulator(make_catalogue(_CATALOGUE, seed=0), port=port - 1))
        for command in commands:
            began = time.monotonic()
            with subprocess.Popen(command, cwd=project, env=environment(out)) as process:
                try:
                    status = process.wait()
                finally:
                    process.terminate()
            if status:
                return status
            print(f"{' '.join(command)}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


def main() -> int:
    command = argparse.ArgumentParser("python -m tests.miniature", description=__doc__)
    command.add_argument("out", type=Path, metavar="OUT", help="the folder of it all")
    command.add_argument(
        *("--port", "-p"),
        type=int,
        default=8766,
        metavar="NUMBER",
        help="where archives are served, and Flickr one below (default: %(default)s)",
    )
    command.add_argument(
        *("--do", "-d"),
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="what to run in place of the whole, such as `snakemake --dry-run all`",
    )
    arguments = command.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    whole = [
        # A killed Snakemake leaves its lock; no other one is at work here, or the port were taken.
        ["snakemake", "--unlock"],
        ["snakemake", "--cores", "all", "all"],
        ["wespe", "record"],
        ["wespe", "results"],
    ]
    return run(arguments.out, [arguments.do] if arguments.do else whole, port=arguments.port)


if __name__ == "__main__":
    sys.exit(main())
