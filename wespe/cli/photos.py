"""What most people use: enhance photos; and networks for other programs that do."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.cli.network import engine_options, model_option, models_option
from wespe.cli.parser import Commands

if TYPE_CHECKING:
    from wespe.networks.inference.tiles import TiledEnhancer


def add(commands: Commands) -> None:
    """The commands for a user's own photos."""
    _enhance_options(commands.add("enhance", enhance))
    commands.add("list", list_networks)
    _export_options(commands.add("export", export, out="the .onnx or, for OpenVINO, .xml file"))


def _enhance_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "photos",
        nargs="+",
        type=Path,
        metavar="PHOTO",
        help="a photo, a video, a folder, or a pattern",
    )
    models_option(command)
    place = command.add_mutually_exclusive_group()
    place.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where results go (default: beside each photo, as NAME_enhanced)",
    )
    place.add_argument("--in-place", action="store_true", help="replace the photos themselves")
    command.add_argument(
        "--scale",
        type=float,
        metavar="FACTOR",
        help="with a network that enlarges: how many times larger photos become, from 1 to the "
        "network's own factor (default)",
    )
    command.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="0: the original, 1: the full change of the network (default: 1)",
    )
    command.add_argument(
        "--start",
        metavar="NETWORK",
        help="the network that --model was trained on from: --strength then goes from its weights "
        "to those of --model",
    )
    command.add_argument(
        "--quality",
        type=int,
        metavar="NUMBER",
        help="of JPEG, WebP and HEIC, 1 to 100 (default: that of a JPEG, else 90)",
    )
    command.add_argument(
        "--crf",
        type=float,
        default=18,
        metavar="NUMBER",
        help="quality of videos (x264), 0 to 51; 6 more is about half the size (default: "
        "%(default)s)",
    )
    command.add_argument(
        "--steady",
        type=float,
        metavar="SHARE",
        help="how much to reduce flicker of videos, from 0 (off) to below 1 (default: 0.8, but 0 "
        "with a network that remembers the frame before)",
    )
    command.add_argument(
        "--double-rate",
        action="store_true",
        help="make two frames from each interlaced frame (default: one)",
    )
    command.add_argument(
        "--overwrite",
        action="store_true",
        help="make all results again, and replace retouched ones too",
    )
    engine_options(command)


def enhance(arguments: argparse.Namespace) -> int:
    """Enhance photos of any size and videos. Takes files, folders and patterns."""
    from wespe.apps.enhancing.networks import network_file, open_networks
    from wespe.networks.inference.photo import check_options, enhance_files, nothing_usable
    from wespe.results.networks import name_of

    given = arguments
    options = {key: getattr(given, key) for key in ("strength", "quality", "crf", "steady")}
    check_options(**options)
    place = {"out": given.out, "in_place": given.in_place}
    if unusable := nothing_usable(given.photos, **place):
        print(unusable)
        return 1
    paths = [network_file(model, given.params) for model in given.model or [None]]
    if given.model is None:
        print(_of_default())
    elif len(paths) > 1:
        print(f"by {', then '.join(map(name_of, paths))}")
    if given.start is None:
        enhancer = open_networks(paths, given.compute, given.backend)
    else:
        enhancer = _between(given, paths)
        options["strength"] = 1.0
    summary = enhance_files(
        given.photos,
        enhancer=enhancer,
        overwrite=given.overwrite,
        double_rate=given.double_rate,
        scale=given.scale,
        **place,
        **options,
    )
    print(summary)
    return 1 if summary.failed else 0


def _between(given: argparse.Namespace, paths: Sequence[Path]) -> "TiledEnhancer":
    """The network that --start, --model and --strength mean together."""
    from wespe.apps.enhancing.networks import network_file, open_between

    if given.model is None or len(paths) != 1:
        raise ValueError("--start: expected one --model, which was trained on from it")
    start = network_file(given.start, given.params)
    return open_between(start, paths[0], given.strength, given.compute, given.backend)


def _of_default() -> str:
    """The line that says which network works where nobody has named one."""
    from wespe.networks.shipped import default_network

    network = default_network()
    return f"by the network {network.name}, {network.badge}; --model takes another, see wespe list"


def list_networks(arguments: argparse.Namespace) -> int:
    """List the available networks: those that come with wespe, and the project's own."""
    from wespe.apps.enhancing.listing import listed

    lines, whole = listed(arguments.params)
    print("\n".join(lines))
    return 0 if whole else 1


def _export_options(command: argparse.ArgumentParser) -> None:
    model_option(command)
    command.add_argument(
        "--tolerance",
        type=float,
        default=1e-4,
        metavar="NUMBER",
        help="largest allowed difference from torch, for a range of 1 (default: %(default)s)",
    )


def export(arguments: argparse.Namespace) -> None:
    """Export a network as ONNX or OpenVINO, and check it against torch."""
    from wespe.apps.enhancing.networks import load_network
    from wespe.networks.inference.export import export as write

    network = load_network(arguments.model, arguments.params)
    difference = write(network, arguments.out, tolerance=arguments.tolerance)
    print(f"{arguments.out}: differs from torch by at most {difference:.2g}")
