"""What each subcommand does, from its parsed arguments; `wespe.cli` says what those are."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wespe.files import atomic_folder, sha256

if TYPE_CHECKING:
    from wespe.config import Params
    from wespe.training.compute import Place

# Heavy imports wait in the functions: `wespe --help` and wrong settings answer at once, and
# `wespe enhance` needs no package beyond those that networks need.

STATES = Path(".wespe/training")
"""Where stopped trainings leave what they resume from, outside all declared outputs."""

Value = TypeVar("Value")


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and print it with all defaults."""
    print(_load(arguments).model_dump_json(indent=1))


def schema(arguments: argparse.Namespace) -> None:
    """Print the JSON schema of settings files, for editors, or their reference, for people."""
    from wespe import config, reference

    schema = json.dumps(config.json_schema(), indent=1, ensure_ascii=False)
    print(reference.markdown() if arguments.markdown else schema)


def acquire(arguments: argparse.Namespace) -> None:
    """Check the photos of a source and list them: a folder with `index.json`."""
    from wespe.acquisition import SOURCES
    from wespe.acquisition.index import write_index

    params = _load(arguments)
    settings = _named(params.sources, arguments.name, "source")
    with atomic_folder(arguments.out) as folder:
        index = SOURCES[settings.kind].acquire(arguments.name, settings, folder)
        index = replace(index, licence=settings.licence or index.licence)
        write_index(folder / "index.json", index)
    print(f"{arguments.name}: {len(index.photos)} photos, {len(index.skipped)} left out")
    for skipped in index.skipped:
        print(f"  left out: {skipped.file}: {skipped.reason}")


def patches(arguments: argparse.Namespace) -> None:
    """Cut training patches from the photos of an index: one array and its manifest."""
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
    """Train the network of a pair, or go on where its training was stopped."""
    from wespe.training import processes
    from wespe.training.compute import resolve

    params = _load(arguments)
    run = params.run
    _named(params.pairs, arguments.name, "pair")
    place = resolve(run.compute, compiled=run.compile, devices=run.devices)
    if run.devices * run.nodes > 1 and not processes.started():
        processes.launch(arguments.again, devices=run.devices, nodes=run.nodes)
        return
    with processes.joined(place.device):
        _train(arguments, params, place)


def _train(arguments: argparse.Namespace, params: "Params", place: "Place") -> None:
    from wespe import tracking
    from wespe.patches.store import PatchSet
    from wespe.training import processes
    from wespe.training.run import state_key, train_pair

    # Of processes that train together the first alone keeps a record.
    run = params.run.model_copy(update={} if processes.first() else {"tracking": ""})
    pair = _named(params.pairs, arguments.name, "pair")
    what: dict[str, Any] = {
        "source": PatchSet.open(arguments.source),
        "target": PatchSet.open(arguments.target),
        "recipe": params.recipes[pair.recipe],
        "seed": params.run.seed if pair.seed is None else pair.seed,
        "place": place,
    }
    key = state_key(arguments.name, **what)
    with tracking.training(
        run,
        arguments.name,
        pair,
        params.recipes[pair.recipe],
        seed=what["seed"],
        state_key=key,
    ) as record:
        card = train_pair(
            arguments.name, **what, out=arguments.out, state=STATES / key, log=record.log
        )
        if not processes.first():
            return
        record.finish(card, arguments.out)
    tracking.register(params.run, arguments.name, arguments.out / "generator.safetensors", card)
    print(
        f"{arguments.name}: {card['steps']} steps in {card['train_seconds']} s on "
        f"{card['compute']}, {card['patches_per_second']} patches/s, "
        f"{card['data_share']:.2%} of the time reading them"
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a network, and plain enhancers to compare with, on test photos."""
    from wespe import tracking
    from wespe.acquisition.index import read_index
    from wespe.baselines import baselines
    from wespe.catalogue.networks import read_card
    from wespe.evaluation import evaluate as measure
    from wespe.inference.tiled import enhance_pixels
    from wespe.models.checkpoints import load_generator

    params = _load(arguments)
    settings = _named(params.evaluations, arguments.name, "evaluation")
    generator, card = load_generator(arguments.model), read_card(arguments.model)
    summary = measure(
        read_index(arguments.index),
        partial(enhance_pixels, generator),
        evaluation=arguments.name,
        pair=settings.pair,
        network=card["sha256"],
        baselines=baselines(settings.baselines, card),
        out=arguments.out,
        pictures=settings.pictures,
    )
    run = tracking.find_run(params.run, card["sha256"])
    run.evaluation(arguments.name, summary, arguments.out)
    tracking.annotate(params.run, card["sha256"], tracking.means(arguments.name, summary))
    for method, metrics in summary["methods"].items():
        means = (f"{name} {value['mean']:.4g}" for name, value in metrics.items() if value["n"])
        print(f"{arguments.name}: {method}: {', '.join(means)}")


def report(arguments: argparse.Namespace) -> None:
    """Show all results of a run on one page."""
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
    from wespe.files import write_json
    from wespe.models.checkpoints import save_generator
    from wespe.models.dped import load_dped, model_card

    generator = load_dped(arguments.checkpoint)
    save_generator(arguments.out, generator)
    card = model_card(arguments.checkpoint, generator) | {"sha256": sha256(arguments.out)}
    write_json(arguments.out.with_suffix(".json"), card)
    print(f"{arguments.checkpoint.name}: {arguments.out}")


def flickr_remove(arguments: argparse.Namespace) -> None:
    """Take photos out of a Flickr source for good: no later crawl brings them back."""
    from wespe.acquisition.flickr import FlickrSettings
    from wespe.acquisition.flickr.removal import remove

    settings = _named(_load(arguments).sources, arguments.name, "source")
    if not isinstance(settings, FlickrSettings):
        raise ValueError(f"expected a source of kind flickr, {arguments.name} is of another")
    deleted = remove(Path(settings.path), arguments.photos)
    print(f"{arguments.name}: {len(arguments.photos)} photos removed, {len(deleted)} files deleted")
    print("run the pipeline again: the source's index and tables are made without them")


def flickr_emulator(arguments: argparse.Namespace) -> None:
    """Serve an emulated Flickr on the loopback interface, to try a crawl without a key."""
    from wespe.acquisition.flickr.emulator import serve

    serve(
        port=arguments.port, photos=arguments.photos, seed=arguments.seed, faults=arguments.faults
    )


def models(arguments: argparse.Namespace) -> int:
    """List the networks there are; `show NAME` prints the model card of one."""
    from wespe import tracking
    from wespe.catalogue import as_json, as_table, find_networks, markdown, one_of

    settings = _load(arguments).run
    networks = find_networks(arguments.folder or [Path(settings.results)])
    whole = [network for network in networks if not network.problem]
    if arguments.show:
        print(markdown(one_of(networks, arguments.name)))
        return 0
    if arguments.register:
        for network in whole:
            tracking.register(settings, network.name, network.path, network.card)
            for summary in network.evaluations:
                means = tracking.means(summary["evaluation"], summary)
                tracking.annotate(settings, network.card["sha256"], means)
    versions = tracking.versions(settings, [network.card["sha256"] for network in whole])
    listed = (as_json if arguments.json else as_table)(networks, versions)
    print(listed or f"no networks in {settings.results}")
    return int(len(whole) < len(networks))


def record(arguments: argparse.Namespace) -> None:
    """Keep the finished run as a version in DVC, and note it in its MLflow runs."""
    from wespe import versions

    versions.record(arguments.params, _load(arguments))


def sync(arguments: argparse.Namespace) -> None:
    """Fetch the version that `dvc.lock` names, so that nothing is left to run."""
    from wespe import versions

    _load(arguments)
    versions.sync(arguments.params)


def _load(arguments: argparse.Namespace) -> "Params":
    from wespe.config import load

    return load(arguments.params)


def _named(table: Mapping[str, Value], name: str, what: str) -> Value:
    if name not in table:
        known = ", ".join(table) or "there are none"
        raise ValueError(f"expected a {what} of the settings ({known}), got {name!r}")
    return table[name]
