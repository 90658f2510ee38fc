"""Which networks the page offers, and in what words."""

from collections.abc import Iterable
from pathlib import Path

from wespe.apps.catalogue import Broken, Network, find_networks
from wespe.apps.serving.app import Offer
from wespe.results.cards import ModelCard


def find_offers(places: Iterable[Path]) -> tuple[dict[str, Path], dict[str, Offer]]:
    """The networks in `places`, files or folders: by id, each one's file and its description.

    A network without its card is offered by its file's name. Raises ValueError, with what is wrong
    with those there are, if none can be used.
    """
    places = list(places)
    paths: dict[str, Path] = {}
    offers: dict[str, Offer] = {}
    problems = []
    for network in find_networks(places):
        # A card may be lost on the way to another machine; enhancing needs only the file.
        given = network.path in places and network.path.is_file()
        if isinstance(network, Broken) and not given:
            problems.append(network.problem)
            continue
        key = str(len(paths))
        paths[key] = network.path
        offers[key] = Offer(network.name, _note(network))
    if not offers:
        searched = ", ".join(map(str, places))
        found = "\n".join(problems) or "found none"
        raise ValueError(f"expected a network in {searched}: {found}")
    return paths, offers


def _note(network: Network | Broken) -> str:
    if isinstance(network, Broken):
        return ""
    card = network.card
    if isinstance(card, ModelCard):
        return f"{card.source} → {card.target}, {card.steps} steps"
    return "imported"
