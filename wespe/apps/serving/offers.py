"""Which networks the page offers, and in what words."""

from collections.abc import Iterable
from pathlib import Path

from wespe.apps.serving.app import Offer
from wespe.networks.network_file import scale_of
from wespe.results.badges import Badge
from wespe.results.cards import ModelCard
from wespe.results.networks import Network, find_networks


def find_offers(places: Iterable[Path]) -> tuple[dict[str, Path], dict[str, Offer]]:
    """The networks in `places`, files or folders: by id, each one's file and its description.

    The page takes the first where nobody chooses: networks for any camera come before those for
    one, and demos last. A network without its card is offered by its file's name. Raises
    ValueError, with what is wrong with those there are, if none can be used.
    """
    places = list(places)
    found: list[tuple[Path, Offer]] = []
    problems = []
    for network in find_networks(places):
        # A card may be lost on the way to another machine; enhancing needs only the file.
        given = network.path in places and network.path.is_file()
        if isinstance(network, Network):
            scale = network.card.scale
            offer = Offer(network.name, network.badge, _note(network), scale)
            found.append((network.path, offer))
        elif given:
            scale = scale_of(network.path)
            found.append((network.path, Offer(network.name, Badge.UNKNOWN, scale=scale)))
        else:
            problems.append(network.problem)
    if not found:
        searched = ", ".join(map(str, places))
        told = "\n".join(problems) or "found none"
        raise ValueError(f"expected a network in {searched}: {told}")
    found.sort(key=lambda entry: Badge(entry[1].badge).rank)
    paths = {str(key): path for key, (path, _) in enumerate(found)}
    return paths, {str(key): offer for key, (_, offer) in enumerate(found)}


def _note(network: Network) -> str:
    card = network.card
    if isinstance(card, ModelCard):
        if card.scale != 1:
            return f"×{card.scale}, {card.target}, {card.steps} steps"
        return f"{card.source} → {card.target}, {card.steps} steps"
    return "imported"
