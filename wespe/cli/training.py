"""Networks: train, import and list them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wespe.cli.parser import FILES, Commands, load_settings, named
from wespe.core.files import sha256
from wespe.core.stopping import heeded

if TYPE_CHECKING:
    from wespe.core.device import Device
    from wespe.settings.params import Params


def add(commands: Commands) -> None:
    """The commands that make and list networks."""
    _patches_options(
        commands.add("train", train, named="a pair", out="the folder to create"),
    )
    commands.add(
        "import-dped", import_dped, params=False, out="the .safetensors file to write"
    ).add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="its prefix or its .index file",
    )
    _models_options(commands.add("models", models))


def _patches_options(command: argparse.ArgumentParser) -> None:
    for part in ("source", "target", "texture", "start"):
        command.add_argument(
            f"--{part}",
            type=Path,
            metavar="FILE",
            help=f"{FILES[part]}; needed if the pair has a {part}",
        )


def _models_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("show", nargs="?", choices=["show"], help="print the model card of NAME")
    command.add_argument("name", nargs="?", metavar="NAME", help="a network's name or path")
    command.add_argument(
        "--folder",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="folders or networks to list (default: run.results of the settings)",
    )
    command.add_argument("--json", action="store_true", help="print all details as JSON")
    command.add_argument(
        "--register", action="store_true", help="first add missing networks to MLflow's registry"
    )


def train(arguments: argparse.Namespace) -> None:
    """Train the network of a pair, or resume its training; or import a given network."""
    params = load_settings(arguments)
    pair = named(params.pairs, arguments.name, "pair")
    for part in [*pair.patches, *(["start"] if pair.start else [])]:
        if not getattr(arguments, part):
            raise ValueError(f"pairs.{arguments.name} has a {part}: expected --{part} FILE")
    with heeded():
        (train_by_recipe if pair.network is None else import_network)(arguments, params)


def train_by_recipe(arguments: argparse.Namespace, params: "Params") -> None:
    """Train in one process, or start several that train together."""
    from wespe.core import processes
    from wespe.core.device import resolve

    run = params.run
    device = resolve(run.compute, compiled=run.compile, devices=run.devices)
    if run.devices * run.nodes > 1 and not processes.started():
        processes.launch(arguments.again, devices=run.devices, nodes=run.nodes)
        return
    with processes.joined(device.torch_device):
        _train(arguments, params, device)


def _train(arguments: argparse.Namespace, params: "Params", device: "Device") -> None:
    from wespe.core import processes
    from wespe.data.patches.store import PatchSet
    from wespe.pipeline import tracking
    from wespe.pipeline.stages import Stages
    from wespe.results.layout import PairFiles, state
    from wespe.training.run import state_key, train_pair

    # Of processes that train together, only the first keeps a record.
    run = params.run.model_copy(update={} if processes.first() else {"tracking": ""})
    pair = params.pairs[arguments.name]
    target = PatchSet.open(arguments.target)
    what: dict[str, Any] = {
        # What is made larger is made of the target.
        "source": PatchSet.open(arguments.source) if pair.source else target,
        "target": target,
        "texture": PatchSet.open(arguments.texture) if pair.texture else None,
        "recipe": params.recipe_of(arguments.name),
        "seed": params.run.seed if pair.seed is None else pair.seed,
        "device": device,
        "any_camera": pair.any_camera,
        "start": arguments.start if pair.start else None,
    }
    code = Stages(params)("train", arguments.name).code_hash
    key = state_key(arguments.name, **what, code=code)
    chosen = {"compute": run.compute, **pair.model_dump(exclude_none=True), "seed": what["seed"]}
    with tracking.training(
        run,
        arguments.name,
        chosen | what["recipe"].model_dump(),
        state_key=key,
        pipeline=tracking.pipeline_key(params),
    ) as record:
        out = arguments.out
        folder = state("training", key)
        card = train_pair(
            arguments.name,
            **what,
            out=out,
            state=folder,
            log=record.log,
        )
        if card is None:  # the first of the processes writes and records
            return
        record.finish(card, out)
    tracking.register(params.run, arguments.name, PairFiles(out).network, card)
    print(
        f"{arguments.name}: {card.steps} steps in {card.train_seconds} s on {card.compute}, "
        f"{card.patches_per_second} patches/s, {card.data_share:.2%} of the time reading them"
    )


def import_network(arguments: argparse.Namespace, params: "Params") -> None:
    """Take the network that a pair names as it is."""
    from wespe.data.patches.store import PatchSet
    from wespe.pipeline import tracking
    from wespe.results.layout import PairFiles
    from wespe.training.importing import import_pair

    name, out, pair = arguments.name, arguments.out, params.pairs[arguments.name]
    assert pair.network
    patches = None
    if pair.source and pair.target:
        patches = PatchSet.open(arguments.source), PatchSet.open(arguments.target)
    card = import_pair(Path(pair.network), patches=patches, out=out)
    with tracking.training(
        params.run,
        name,
        pair.model_dump(exclude_none=True),
        state_key=card.sha256[:16],
        pipeline=tracking.pipeline_key(params),
    ) as record:
        record.finish_import(card)
    tracking.register(params.run, name, PairFiles(out).network, card)
    print(f"{name}: {pair.network}, as it is")


def import_dped(arguments: argparse.Namespace) -> None:
    """Convert a generator published by the DPED authors, a TensorFlow checkpoint."""
    from wespe.networks.checkpoints import save_generator
    from wespe.networks.published import load_dped, model_card
    from wespe.results.record import write_record

    generator = load_dped(arguments.checkpoint)
    save_generator(arguments.out, generator)
    card = model_card(arguments.checkpoint, generator, sha256=sha256(arguments.out))
    write_record(arguments.out.with_suffix(".json"), card)
    print(f"{arguments.checkpoint.name}: {arguments.out}")


def models(arguments: argparse.Namespace) -> int:
    """List the trained networks; `show NAME` prints a model card."""
    from wespe.apps.catalogue import Network, as_json, as_table, find_networks, markdown, one_of
    from wespe.pipeline import tracking

    settings = load_settings(arguments).run
    networks = find_networks(arguments.folder or [Path(settings.results)])
    if arguments.show:
        print(markdown(one_of(networks, arguments.name)))
        return 0
    whole = [network for network in networks if isinstance(network, Network)]
    if arguments.register:
        for network in whole:
            tracking.register(settings, network.name, network.path, network.card)
            for summary in network.evaluations:
                tracking.annotate(settings, network.card.sha256, tracking.means(summary))
    versions = tracking.versions(settings, [network.card.sha256 for network in whole])
    listed = (as_json if arguments.json else as_table)(networks, versions)
    print(listed or f"no networks in {settings.results}")
    return int(len(whole) < len(networks))
