"""The command line: one subcommand for each rule of the workflow, and the tools for people."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import wespe
from wespe import commands


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand. Exit code 1 for a user's errors, a line each on standard error."""
    arguments = _parser().parse_args(argv)
    # What processes that work together are started with.
    arguments.again = partial(main, sys.argv[1:] if argv is None else argv)
    try:
        sys.exit(arguments.run(arguments))
    except (ValueError, OSError, RuntimeError) as error:
        for line in _reason(error).splitlines():
            print(f"wespe {arguments.command}: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"wespe {arguments.command}: stopped", file=sys.stderr)
        sys.exit(130)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"  # without Python's [Errno 2]
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("wespe", description=wespe.__doc__)
    parser.add_argument("--version", action="version", version=wespe.__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, run: object, *files: str, named: str = "", out: str = "", params: bool = True
    ) -> argparse.ArgumentParser:
        command = subparsers.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        if named:
            command.add_argument("name", metavar="NAME", help=f"{named} of the settings")
        for file in files:
            command.add_argument(
                f"--{file}", type=Path, required=True, metavar="FILE", help=_FILES[file]
            )
        if out:
            command.add_argument("--out", type=Path, required=True, metavar="PATH", help=out)
        if params:
            command.add_argument(
                "--params",
                type=Path,
                metavar="FILE",
                default=Path("params.yaml"),
                help="the settings (default: %(default)s)",
            )
        return command

    add("acquire", commands.acquire, named="a source", out="the folder to make")
    add(
        "patches",
        commands.patches,
        "index",
        named="a source",
        out="the .npy file to make; the manifest goes beside it, as .json",
    )
    add("train", commands.train, "source", "target", named="a pair", out="the folder to make")
    add(
        "evaluate",
        commands.evaluate,
        "index",
        "model",
        named="an evaluation",
        out="the folder to make",
    )
    add("report", commands.report, out="the page to make")
    _enhance_options(add("enhance", commands.enhance, "model", params=False))
    add(
        "import-dped", commands.import_dped, params=False, out="the .safetensors file to make"
    ).add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="its prefix or its .index file"
    )
    add("flickr-remove", commands.flickr_remove, named="a source").add_argument(
        "photos", nargs="+", metavar="PHOTO", help="its id, or the address of its page"
    )
    _emulator_options(add("flickr-emulator", commands.flickr_emulator, params=False))
    _models_options(add("models", commands.models))
    add("record", commands.record)
    add("sync", commands.sync)
    add("check", commands.check)
    add("schema", commands.schema, params=False).add_argument(
        "--markdown", action="store_true", help="the reference, docs/settings.md"
    )
    return parser


def _models_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("show", nargs="?", choices=["show"], help="print the model card of NAME")
    command.add_argument("name", nargs="?", metavar="NAME", help="a network's name or path")
    command.add_argument(
        "--folder",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="where to look, folders or networks (default: run.results of the settings)",
    )
    command.add_argument("--json", action="store_true", help="with all that is known, as JSON")
    command.add_argument(
        "--register", action="store_true", help="first put what MLflow's registry lacks into it"
    )


_FILES = {
    "index": "the index.json of a source",
    "model": "a trained network, generator.safetensors",
    "source": "the patch set of the source domain, .npy",
    "target": "the patch set of the target domain, .npy",
}


def _enhance_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a photo or folder")
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where results go (default: beside each photo, as NAME_enhanced)",
    )
    command.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="from 0, the photo as it is, to 1, all that the network changes (default: 1)",
    )
    command.add_argument(
        "--quality",
        type=int,
        default=95,
        metavar="NUMBER",
        help="of JPEG and WebP, 1 to 100 (default: 95)",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="also photos whose result is newer than they are"
    )
    command.add_argument(
        "--compute",
        default="auto",
        choices=["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"],
        metavar="PLACE",
        help="device and precision: %(choices)s (default: %(default)s)",
    )


def _emulator_options(command: argparse.ArgumentParser) -> None:
    for name, kind, default, explained in (
        ("port", int, 8765, "where to listen"),
        ("photos", int, 30000, "how many photos there are with the tag street"),
        ("seed", int, 0, "of the photos and of what goes wrong"),
        ("faults", float, 0.02, "the share of requests that fail"),
    ):
        command.add_argument(
            f"--{name}",
            type=kind,
            default=default,
            metavar="NUMBER",
            help=f"{explained} (default: %(default)s)",
        )


if __name__ == "__main__":
    main()
