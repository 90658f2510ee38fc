"""The command line: one subcommand for each rule of the workflow, and the tools for people."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import wespe
from wespe.files import atomic_folder, read_json, write_json

if TYPE_CHECKING:
    from wespe.config import Params

# Heavy imports wait in the functions: `wespe --help` and bad settings answer at once, and
# `wespe enhance` needs no package beyond those that networks need.

DEFAULT_PARAMS = Path("params.yaml")
STATES = Path(".wespe/training")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand; exit code 1, with one line for each problem, for a user's errors."""
    arguments = _parser().parse_args(argv)
    try:
        sys.exit(arguments.run(arguments))
    except (ValueError, OSError, RuntimeError) as error:
        if getattr(arguments, "debug", False):
            raise
        for line in (str(error) or type(error).__name__).splitlines():
            print(f"wespe {arguments.command}: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"wespe {arguments.command}: stopped", file=sys.stderr)
        sys.exit(130)


def acquire(arguments: argparse.Namespace) -> None:
    """Photos of a source → a folder with `index.json`."""
    from wespe.acquisition import SOURCES
    from wespe.acquisition.index import write_index

    params = _load(arguments)
    settings = _named(params.sources, arguments.name, "source")
    kind = settings.kind  # type: ignore[attr-defined]  # every member of the union has one
    with atomic_folder(arguments.out) as folder:
        index = SOURCES[kind].acquire(arguments.name, settings, folder)
        write_index(folder / "index.json", index)
    print(f"{arguments.name}: {len(index.photos)} photos, {len(index.skipped)} left out")
    for skipped in index.skipped:
        print(f"  left out: {skipped.file}: {skipped.reason}")


def patches(arguments: argparse.Namespace) -> None:
    """An index of photos → a packed patch set and its manifest."""
    from wespe.acquisition.index import read_index
    from wespe.patches.extraction import extract

    params = _load(arguments)
    manifest = extract(
        read_index(arguments.index),
        arguments.out,
        **params.patches.model_dump(),
        seed=params.run.seed,
    )
    print(f"{arguments.name}: {len(manifest['patches'])} patches, left out {manifest['left_out']}")


def train(arguments: argparse.Namespace) -> None:
    """Two patch sets → a network, its card, its losses and samples; resumes where it stopped."""
    from wespe import tracking
    from wespe.patches.store import PatchSet
    from wespe.training.compute import resolve
    from wespe.training.run import train_pair

    params = _load(arguments)
    pair = _named(params.pairs, arguments.name, "pair")
    with tracking.training(params.run, arguments.name, pair, params.recipes[pair.recipe]) as run:
        card = train_pair(
            arguments.name,
            source=PatchSet.open(arguments.source),
            target=PatchSet.open(arguments.target),
            recipe=params.recipes[pair.recipe],
            seed=params.run.seed,
            place=resolve(params.run.compute),
            out=arguments.out,
            states=STATES,
            log=run.log,
        )
        run.finish(card, arguments.out)
    print(
        f"{arguments.name}: {card['steps']} steps in {card['train_seconds']} s "
        f"({card['patches_per_second']} patches/s, {card['data_share']:.2%} of it reading), "
        f"{arguments.out / 'generator.safetensors'}"
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """A network and test photos → a table of every metric of every photo, and its summary."""


def report(arguments: argparse.Namespace) -> None:
    """All results of a run → one page."""
    from wespe.reports.page import write_report

    params = _load(arguments)
    results = Path(params.run.results)
    write_report(
        arguments.out,
        run_name=params.run.name,
        pairs={name: results / "pairs" / name for name in params.pairs},
        evaluations={name: results / "evaluations" / name for name in params.evaluations},
        settings_text=arguments.params.read_text("utf-8"),
    )
    print(f"report: {arguments.out}")
