"""The local page that enhances photos."""

import argparse
from functools import cache, partial
from pathlib import Path

from wespe.cli.network import compute_option
from wespe.cli.parser import Commands


def add(commands: Commands) -> None:
    """The command that serves the page."""
    command = commands.add("serve", serve)
    command.add_argument(
        "--model",
        nargs="+",
        metavar="NETWORK",
        help="the networks to offer, names or files (default: those of wespe list)",
    )
    command.add_argument(
        "--port", type=int, default=8600, metavar="NUMBER", help="(default: %(default)s; 0: any)"
    )
    command.add_argument(
        "--lan",
        action="store_true",
        help="let other machines on the network connect, without a password",
    )
    command.add_argument(
        "--max-mb",
        type=float,
        default=100,
        metavar="NUMBER",
        help="the largest file accepted (default: %(default)s)",
    )
    command.add_argument(
        "--max-megapixels",
        type=float,
        default=100,
        metavar="NUMBER",
        help="the largest photo accepted, and the largest made (default: %(default)s)",
    )
    compute_option(command)


def serve(arguments: argparse.Namespace) -> None:
    """Serve a local web page that enhances photos: drop them, compare, download."""
    print("starting …", flush=True)
    from wespe.apps.enhancing.networks import open_network
    from wespe.apps.serving.app import make_app
    from wespe.apps.serving.camera import Enhance
    from wespe.apps.serving.offers import find_offers
    from wespe.apps.serving.tray import Limits
    from wespe.apps.web.server import serve as run
    from wespe.networks.inference.tiles import TiledEnhancer
    from wespe.networks.inference.video.memory import Remembering

    paths, offers = find_offers(_places(arguments))

    @cache
    def load(key: str) -> TiledEnhancer:
        return open_network(paths[key], arguments.compute)

    def live(key: str, scale: float | None) -> Enhance:
        """A network of its own: what enhances a photo meanwhile is not to be disturbed."""
        network = open_network(paths[key], arguments.compute)
        if following := network.following:
            return Remembering(following, scale=scale)
        return partial(network.enhance, scale=scale)

    load(next(iter(paths)))  # fails now, not at the first photo, if networks cannot run here
    app = make_app(
        offers,
        load,
        upload_mb=arguments.max_mb,
        limits=Limits(megapixels=arguments.max_megapixels),
        lan=arguments.lan,
        live=live,
    )
    for number, offer in enumerate(offers.values()):
        print(f"{offer.name}: {offer.badge}{'' if number else ', chosen at first'}")
    run(app, port=arguments.port, lan=arguments.lan, say=lambda line: print(line, flush=True))


def _places(arguments: argparse.Namespace) -> list[Path]:
    """The files and folders of the networks that are meant."""
    from wespe.apps.enhancing.networks import network_file, places_at_hand
    from wespe.networks.shipped import default_network

    if not arguments.model:
        return places_at_hand(arguments.params) or [default_network().path]
    # A folder may hold several networks, and not only one that is called after it.
    return [
        Path(model) if Path(model).is_dir() else network_file(model, arguments.params)
        for model in arguments.model
    ]
