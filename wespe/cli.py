"""The command line: one subcommand for each rule of the workflow, and the tools for people."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import wespe
from wespe.files import atomic_folder, read_json

if TYPE_CHECKING:
    from wespe.config import Params

# Heavy imports wait in the functions: `wespe --help` and wrong settings answer at once, and
# `wespe enhance` needs no package beyond those that networks need.

STATES = Path(".wespe/training")
"""Where stopped trainings leave what they resume from, outside all declared outputs."""

Value = TypeVar("Value")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand. Exit code 1 for a user's errors, a line each on standard error."""
    arguments = _parser().parse_args(argv)
    try:
        sys.exit(arguments.run(arguments))
    except (ValueError, OSError, RuntimeError) as error:
        for line in (str(error) or type(error).__name__).splitlines():
            print(f"wespe {arguments.command}: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"wespe {arguments.command}: stopped", file=sys.stderr)
        sys.exit(130)


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and print it with all defaults."""
    print(_load(arguments).model_dump_json(indent=1))


def schema(arguments: argparse.Namespace) -> None:
    """Print the JSON schema of settings files, for editors, or their reference, for people."""
    from wespe import config, reference

    schema = json.dumps(config.json_schema(), indent=1, ensure_ascii=False)
    print(reference.markdown() if arguments.markdown else schema)


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
    """Train a pair's network, or go on where it was stopped."""
    from wespe import tracking
    from wespe.patches.store import PatchSet
    from wespe.training.compute import resolve
    from wespe.training.run import state_key, train_pair

    params = _load(arguments)
    pair = _named(params.pairs, arguments.name, "pair")
    what: dict[str, Any] = {
        "source": PatchSet.open(arguments.source),
        "target": PatchSet.open(arguments.target),
        "recipe": params.recipes[pair.recipe],
        "seed": params.run.seed,
        "place": resolve(params.run.compute),
    }
    key = state_key(arguments.name, **what)
    with tracking.training(
        params.run, arguments.name, pair, params.recipes[pair.recipe], state_key=key
    ) as record:
        card = train_pair(
            arguments.name, **what, out=arguments.out, state=STATES / key, log=record.log
        )
        record.finish(card, arguments.out)
    print(
        f"{arguments.name}: {card['steps']} steps in {card['train_seconds']} s on "
        f"{card['compute']}, {card['patches_per_second']} patches/s, "
        f"{card['data_share']:.2%} of the time reading them"
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a network and the plain baselines on test photos."""
    from wespe import tracking
    from wespe.acquisition.index import read_index
    from wespe.baselines import baselines
    from wespe.evaluation import evaluate as measure
    from wespe.inference.tiled import enhance_pixels
    from wespe.models.checkpoints import load_generator

    params = _load(arguments)
    settings = _named(params.evaluations, arguments.name, "evaluation")
    card = read_json(arguments.model.with_suffix(".json"))
    summary = measure(
        read_index(arguments.index),
        partial(enhance_pixels, load_generator(arguments.model)),
        evaluation=arguments.name,
        pair=settings.pair,
        baselines=baselines(settings.baselines, card),
        out=arguments.out,
        pictures=settings.pictures,
    )
    run = tracking.find_run(params.run, card["sha256"])
    run.evaluation(arguments.name, summary, arguments.out)
    for method, metrics in summary["methods"].items():
        means = (f"{name} {value['mean']:.4g}" for name, value in metrics.items() if value["n"])
        print(f"{arguments.name}: {method}: {', '.join(means)}")


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


def enhance(arguments: argparse.Namespace) -> int:
    """Enhance photos, or folders of photos, of any size."""
    import torch

    from wespe.inference.photo import enhance_files
    from wespe.models.checkpoints import load_generator
    from wespe.training.compute import resolve

    place = resolve(arguments.compute)
    summary = enhance_files(
        arguments.photos,
        generator=load_generator(arguments.model),
        out=arguments.out,
        strength=arguments.strength,
        overwrite=arguments.overwrite,
        quality=arguments.quality,
        device=place.device,
        dtype=torch.bfloat16 if place.bf16 else torch.float32,
    )
    print(
        f"{summary.enhanced} enhanced, {summary.skipped} already done, {len(summary.failed)} failed"
    )
    return 1 if summary.failed else 0


def import_dped(arguments: argparse.Namespace) -> None:
    """A generator that the DPED authors published, a TensorFlow checkpoint → a network of ours."""
    from wespe.files import sha256, write_json
    from wespe.models.checkpoints import save_generator
    from wespe.models.dped import ORIGIN, load_dped

    save_generator(arguments.out, load_dped(arguments.checkpoint))
    card = {
        "origin": ORIGIN,
        "checkpoint": arguments.checkpoint.name,
        "sha256": sha256(arguments.out),
    }
    write_json(arguments.out.with_suffix(".json"), card)
    print(f"{arguments.checkpoint.name}: {arguments.out}")


def record(arguments: argparse.Namespace) -> None:
    """Give the finished run a version in DVC and put it into the MLflow runs."""
    from wespe import versions

    versions.record(arguments.params, _load(arguments))


def sync(arguments: argparse.Namespace) -> None:
    """Fetch the files of the version that `dvc.lock` names, with nothing left to rerun."""
    from wespe import versions

    _load(arguments)
    versions.sync(arguments.params)


def _load(arguments: argparse.Namespace) -> "Params":
    from wespe.config import load

    return load(arguments.params)


def _named(table: Mapping[str, Value], name: str, what: str) -> Value:
    if name not in table:
        raise ValueError(f"{name!r} is not a {what} of the settings; they have {', '.join(table)}")
    return table[name]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("wespe", description=wespe.__doc__)
    parser.add_argument("--version", action="version", version=wespe.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: object, *files: str, named: str = "") -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        if named:
            command.add_argument("name", metavar="NAME", help=f"a {named} of the settings")
        for file in files:
            command.add_argument(f"--{file}", type=Path, required=True, help=_FILES[file])
        if name not in {"enhance", "import-dped", "schema"}:
            command.add_argument(
                "--params",
                type=Path,
                default=Path("params.yaml"),
                help="the settings file (default: %(default)s)",
            )
        return command

    add("acquire", acquire, "out", named="source")
    add("patches", patches, "index", "out", named="source")
    add("train", train, "source", "target", "out", named="pair")
    add("evaluate", evaluate, "index", "model", "out", named="evaluation")
    add("report", report, "out")
    _enhance_options(add("enhance", enhance, "model"))
    add("import-dped", import_dped, "out").add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="its prefix or its .index file"
    )
    add("record", record)
    add("sync", sync)
    add("check", check)
    add("schema", schema).add_argument(
        "--markdown", action="store_true", help="the reference, docs/settings.md"
    )
    return parser


_FILES = {
    "index": "a source's index.json",
    "model": "a trained network, generator.safetensors",
    "source": "the source domain's patch set, .npy",
    "target": "the target domain's patch set, .npy",
    "out": "where the result goes",
}


def _enhance_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="files or folders")
    command.add_argument("--out", type=Path, help="a folder (default: beside each photo)")
    command.add_argument("--strength", type=float, default=1.0, help="0 … 1: blend with the photo")
    command.add_argument("--quality", type=int, default=95, help="of JPEG and WebP")
    command.add_argument("--overwrite", action="store_true", help="redo what is done already")
    command.add_argument(
        "--compute",
        default="auto",
        choices=["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"],
        help="device and precision (default: %(default)s)",
    )


if __name__ == "__main__":
    main()
